// Questions in SQL, saved ones and others.

import { request, send, type Schemas, type Table } from "./api";

export type SqlAnswer = Table & Pick<Schemas["SqlAnswer"], "sql">;
/** A saved query; what may be absent is what older servers do not tell. */
export type SavedQuery = Schemas["SavedQuery"] & {
  readonly sql?: string;
  readonly origin?: "shipped" | "yours";
  /** Changes with every save. */
  readonly version?: string;
};
/** Why a file is no saved query. */
export interface BrokenQuery {
  readonly name: string;
  readonly error: string;
  readonly version?: string;
}
export type QueryEntry = SavedQuery | BrokenQuery;

export function isBroken(entry: QueryEntry): entry is BrokenQuery {
  return "error" in entry;
}

export function askSql(sql: string, signal?: AbortSignal): Promise<SqlAnswer> {
  return request("POST", "/api/v1/sql", { body: { sql }, signal });
}

export function getQueries(signal: AbortSignal): Promise<readonly QueryEntry[]> {
  return request("GET", "/api/v1/queries", { signal });
}

export interface NewQuery {
  readonly sql: string;
  readonly title: string;
  readonly params: SavedQuery["params"];
  /** Of the one that it was made of, a shipped one too. When that is no longer the newest, it is refused: status 409. */
  readonly version?: string;
}

export function saveQuery(name: string, body: NewQuery): Promise<SavedQuery> {
  return request("PUT", `/api/v1/queries/${encodeURIComponent(name)}`, { body });
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
