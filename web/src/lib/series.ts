// Answers to the time queries, laid on one time axis. A bucket without rows is a gap, never a zero.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Answer } from "./api";
import { t } from "./texts";
import { MINUTE, SECOND, type Window } from "./windows";

export type Values = (number | null)[];

export interface Line {
  readonly name: string;
  readonly values: Values;
}

/** Starts of the buckets that touch the window, in epoch milliseconds, as the saved queries cut them. */
export function bucketsOf(window: Window, bucketS: number): number[] {
  const size = bucketS * SECOND;
  const first = Math.floor(window.from / size) * size;
  const n = Math.max(0, Math.ceil((window.to - first) / size));
  return Array.from({ length: n }, (_, idx) => first + idx * size);
}

export interface ErrorSeries {
  /** Errors a minute: the buckets at the window's ends are cut short, so counts would dip there. */
  readonly perMinute: Values;
  readonly rate: Values;
  readonly k: Values;
  readonly n: Values;
}

/**
 * A place may well send nothing for a while, and then has no errors; `quietUntil` says up to when that is so. All
 * places together falling silent is a gap: the collector stood still.
 */
export function errorSeries(
  answer: Answer,
  window: Window,
  bucketS: number,
  quietUntil: number | null,
): ErrorSeries {
  const buckets = bucketsOf(window, bucketS);
  const rows = new Map(rowsOf(answer).map((row) => [numberOf(row("t")), row]));
  const column = (name: string) => buckets.map((t) => numberOf(rows.get(t)?.(name) ?? null));
  const isQuiet = (t: number) => quietUntil !== null && t < quietUntil && !rows.has(t);
  const counts = (name: string) => column(name).map((value, idx) => (isQuiet(buckets[idx] ?? 0) ? 0 : value));
  const k = counts("k");
  const perMinute = k.map((count, idx) => {
    const t = buckets[idx] ?? 0;
    const covered = Math.min(t + bucketS * SECOND, window.to) - Math.max(t, window.from);
    return count === null ? null : (count * MINUTE) / covered;
  });
  return { perMinute, rate: column("rate"), k, n: counts("n") };
}

/** Where a value has no neighbour: a line through it cannot be seen. */
export function loneOf(values: ArrayLike<number | null | undefined>): number[] {
  const isThere = (idx: number) => typeof values[idx] === "number";
  return Array.from(values, (_, idx) => idx).filter((idx) => isThere(idx) && !isThere(idx - 1) && !isThere(idx + 1));
}

/** More lines than this are one tangle. */
const HOSTS_MAX = 12;

export interface HostLines {
  readonly lines: readonly Line[];
  /** Hosts left out, the least busy ones. */
  readonly nOthers: number;
}

/** CPU of each host, the busiest first. */
export function hostLines(answer: Answer, window: Window, bucketS: number): HostLines {
  const buckets = bucketsOf(window, bucketS);
  const idxOf = new Map(buckets.map((t, idx) => [t, idx]));
  const hosts = new Map<string, Values>();
  for (const row of rowsOf(answer)) {
    const idx = idxOf.get(numberOf(row("t")) ?? Number.NaN);
    const host = textOf(row("host")) ?? t.shared.unknownHost;
    const values = hosts.get(host) ?? buckets.map(() => null);
    hosts.set(host, values);
    if (idx !== undefined) values[idx] = numberOf(row("cpu_pct"));
  }
  const lines = [...hosts].map(([name, values]) => ({ name, values }));
  const peak = (line: Line) => Math.max(...line.values.map((value) => value ?? 0));
  const busiest = [...lines].sort((a, b) => peak(b) - peak(a)).slice(0, HOSTS_MAX);
  // Drawn by name, so that a refresh does not swap colours.
  busiest.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { lines: busiest, nOthers: lines.length - busiest.length };
}
