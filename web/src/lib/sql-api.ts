// Questions in SQL, saved ones and others.

import { request, send, type Schemas, type Table } from "./api";

export type SqlAnswer = Table & Pick<Schemas["SqlAnswer"], "sql">;
export type SavedQuery = Schemas["SavedQuery"];
/** A saved query, or why a file is none. */
export type QueryEntry = Schemas["QueryEntry"];

export function askSql(sql: string, signal?: AbortSignal): Promise<SqlAnswer> {
  return request("POST", "/api/v1/sql", { body: { sql }, signal });
}

export function getQueries(signal: AbortSignal): Promise<readonly QueryEntry[]> {
  return request("GET", "/api/v1/queries", { signal });
}

export const FILES = ["csv", "json", "parquet"] as const;
export type FileFormat = (typeof FILES)[number];

/** All rows as a file, beyond what the page shows. */
export async function exportSql(sql: string, format: FileFormat, signal: AbortSignal): Promise<Blob> {
  const response = await send("POST", "/api/v1/sql", { body: { sql, format, export: true }, signal });
  return response.blob();
}

const SCHEMA =
  "SELECT table_name, column_name, data_type FROM information_schema.columns\n" +
  "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";

export function getSchema(signal: AbortSignal): Promise<SqlAnswer> {
  return askSql(SCHEMA, signal);
}
