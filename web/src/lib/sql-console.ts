// What the console does with texts: a plan asked for, what was asked before, tables, parameters.

import { rowsOf, textOf } from "./answer";
import type { Scalar, Table } from "./api";
import { parseDateTime } from "./format";
import { pathOf } from "./routes";
import type { SavedQuery } from "./sql-api";

/** Longer addresses do not get through every proxy. */
const ADDRESS_CHARS_MAX = 6000;

/** The address of a question; one that is too long has none. */
export function consolePath(sql: string): string {
  const path = pathOf("sql", null, { q: sql });
  return path.length > ADDRESS_CHARS_MAX ? pathOf("sql") : path;
}

/** The question for the plan of a question. */
export function explained(sql: string): string {
  return /^\s*explain\b/i.test(sql) ? sql : `EXPLAIN ${sql.trimStart()}`;
}

/** The plans of an answer to EXPLAIN, each with its name; null when it is another answer. */
export function plansOf(table: Table): { name: string; text: string }[] | null {
  if (!table.columns.some(({ name }) => name === "plan_type")) return null;
  return rowsOf(table).map((row) => ({
    name: (textOf(row("plan_type")) ?? "").replace("_", " "),
    text: textOf(row("plan")) ?? "",
  }));
}

export interface Past {
  readonly sql: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export const PAST_MAX = 50;

/** Puts a question in front; one asked before moves there. */
export function remembered(past: readonly Past[], now: Past): Past[] {
  return [now, ...past.filter(({ sql }) => sql.trim() !== now.sql.trim())].slice(0, PAST_MAX);
}

/** Reads what was kept; anything may have been written there. */
export function parsePast(text: string | null): Past[] {
  try {
    const all: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(all)) return [];
    const isPast = (one: Partial<Past> | null) => typeof one?.sql === "string" && typeof one.at === "number";
    return (all as (Past | null)[]).filter((one): one is Past => isPast(one)).slice(0, PAST_MAX);
  } catch {
    return [];
  }
}

export interface TableOf {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** The tables with their columns; `logs` first, since that is what most questions are about. */
export function tablesOf(schema: Table): TableOf[] {
  const tables = new Map<string, { name: string; type: string }[]>();
  for (const row of rowsOf(schema)) {
    const name = textOf(row("table_name")) ?? "";
    const columns = tables.get(name) ?? [];
    columns.push({ name: textOf(row("column_name")) ?? "", type: typeOf(textOf(row("data_type")) ?? "") });
    tables.set(name, columns);
  }
  const rank = (name: string) => ["logs", "host_metrics"].indexOf(name) >>> 0;
  return [...tables]
    .map(([name, columns]) => ({ name, columns }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

/** Names of types as people write them. */
function typeOf(name: string): string {
  const lower = name.toLowerCase();
  if (lower.startsWith("utf8") || lower.startsWith("largeutf8")) return "text";
  if (lower.startsWith("timestamp")) return "timestamp";
  return lower.startsWith("list") ? "list" : lower.startsWith("map") ? "map" : lower;
}

/** A cell as text; times in UTC to the millisecond. Null is no text. */
export function cellText(value: Scalar, type: string): string | null {
  if (value === null) return null;
  if (type === "timestamp" && typeof value === "number" && Math.abs(value) <= 8.64e15)
    return new Date(value).toISOString().replace("T", " ").replace("Z", "");
  return String(value);
}

/** Parameters as somebody typed them, as the server reads them; what is empty is left to its default. */
export function parametersOf(
  query: SavedQuery,
  typed: Readonly<Record<string, string>>,
): Record<string, string | null> {
  return Object.fromEntries(
    query.params.map(({ name, type }) => {
      const text = (typed[name] ?? "").trim();
      const ms = type === "timestamp" ? parseDateTime(text) : Number.NaN;
      return [name, Number.isNaN(ms) ? text || null : String(ms)];
    }),
  );
}
