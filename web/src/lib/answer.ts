// Columns to rows.

import type { Scalar, Table } from "./api";

export type Row = (column: string) => Scalar;

/** The rows of an answer, each a function from a column's name to its value. */
export function rowsOf(answer: Table): Row[] {
  const columns = new Map(answer.columns.map((column, idx) => [column.name, answer.data[idx] ?? []]));
  return Array.from({ length: answer.n_rows }, (_, idx) => (name) => columns.get(name)?.[idx] ?? null);
}

/** Integers that are not exact in a browser's numbers come as text. */
export function numberOf(value: Scalar): number | null {
  if (value === null || typeof value === "boolean" || value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

export function textOf(value: Scalar): string | null {
  return value === null ? null : String(value);
}
