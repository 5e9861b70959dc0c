// Lines as a list shows them.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Table } from "./api";
import { dateTime } from "./format";
import { TAIL_ROWS, type Cursor, type FacetChoice } from "./line-query";
import { t } from "./texts";

export interface Line extends Cursor {
  /** The same for the same line, always. */
  readonly key: string;
  readonly ms: number;
  readonly level: string | null;
  readonly errorClass: string | null;
  readonly status: number | null;
  readonly host: string | null;
  readonly service: string | null;
  readonly source: string | null;
  readonly country: string | null;
  readonly text: string;
  /** So many lines right before it were left out when it came in. */
  readonly skipped?: number;
}

export function linesOf(table: Table): Line[] {
  return rowsOf(table).map((row): Line => {
    const text = (name: string) => textOf(row(name));
    const us = numberOf(row("ts_us")) ?? 0;
    const [batch, idx] = [text("batch_id") ?? "0", text("row_idx") ?? "0"];
    return {
      key: `${batch}/${idx}`,
      us,
      batch,
      row: idx,
      ms: Math.floor(us / 1000),
      level: text("level"),
      errorClass: text("error_class"),
      status: numberOf(row("status")),
      host: text("host"),
      service: text("service"),
      source: text("source"),
      country: text("country"),
      text: wordsOf(text),
    };
  });
}

/** What a line says: its message, or what was asked for, or what was done with a packet, or the line as it came. */
function wordsOf(text: (name: string) => string | null): string {
  const message = text("message");
  if (message !== null) return message;
  const path = text("path");
  if (path !== null) return [text("method"), path].filter(Boolean).join(" ");
  const action = text("action");
  if (action !== null)
    return t.lines.list.toPort(`${action} ${text("client_ip") ?? ""}`, text("server_port") ?? "–");
  return text("raw") ?? "";
}

/** `2026-11-23 20:00:00.123`, in the zone that is shown; zones differ by minutes. */
export function exactTime(ms: number): string {
  return `${dateTime(ms)}:${new Date(ms).toISOString().slice(17, 23)}`;
}

/** How bad a line is, for its mark: a failure, a warning, or neither. */
export function toneOf({ level, errorClass }: Pick<Line, "level" | "errorClass">): "bad" | "warn" | "plain" {
  if (errorClass === "server" || errorClass === "app" || level === "error" || level === "fatal") return "bad";
  if (errorClass !== null || level === "warn") return "warn";
  return "plain";
}

/** Lines as a stream tells them, the newest last; here it comes first. */
export function cameIn(table: Table, skipped: number): Line[] {
  const lines = linesOf(table).reverse();
  const oldest = lines.pop();
  return oldest ? [...lines, skipped > 0 ? { ...oldest, skipped } : oldest] : [];
}

/** How many lines are there that were not there before. */
export function nAdded(came: readonly Line[], before: readonly Line[]): number {
  const seen = new Set(before.map(({ key }) => key));
  return came.filter(({ key }) => !seen.has(key)).length;
}

/** Puts what came in on top; what falls off the end is forgotten, and no line is there twice. */
export function joined(came: readonly Line[], before: readonly Line[]): Line[] {
  const seen = new Set<string>();
  const all: Line[] = [];
  for (const line of [...came, ...before]) {
    if (all.length === TAIL_ROWS) break;
    if (!seen.has(line.key)) all.push(line);
    seen.add(line.key);
  }
  return all;
}

export interface FacetValue {
  readonly value: string | null;
  readonly n: number;
}

/** The values of each facet, the most frequent first; what is chosen is there although there is none of it. */
export function facetValues(
  table: Table,
  facet: string,
  chosen: readonly FacetChoice[],
): readonly FacetValue[] {
  const rows = rowsOf(table).filter((row) => row("facet") === facet);
  const values = rows.map((row) => ({ value: textOf(row("value")), n: numberOf(row("n")) ?? 0 }));
  values.sort((a, b) => b.n - a.n);
  const gone = chosen.filter((choice) => !values.some(({ value }) => value === choice));
  return [...gone.map((value) => ({ value, n: 0 })), ...values];
}
