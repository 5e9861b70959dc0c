// Questions in SQL, saved ones and others.

import { request, type Schemas, type Table } from "./api";

export type SqlAnswer = Table & Pick<Schemas["SqlAnswer"], "sql">;

export function askSql(sql: string, signal?: AbortSignal): Promise<SqlAnswer> {
  return request("POST", "/api/v1/sql", signal ? { body: { sql }, signal } : { body: { sql } });
}
