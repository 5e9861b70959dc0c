// A cell is one area of the map and one row of the table: the same numbers in both.

import { numberOf, rowsOf, textOf, type Row } from "./answer";
import type { Answer } from "./api";
import type { Level, Place } from "./places";
import { CHANGE, COUNT, COUNT_CHANGE, ENOUGH, RATE, SURPRISE, stepOf, type Scale } from "./scales";
import { t } from "./texts";
import type { Metric } from "./url-state";
import { HOUR, type Windows } from "./windows";

export interface Cell {
  readonly key: string;
  readonly name: string;
  /** Null when the place of the requests is not known. */
  readonly place: Place | null;
  readonly lat: number | null;
  readonly lon: number | null;
  /** Requests. */
  readonly n: number;
  /** Requests that failed on the server's side. */
  readonly k: number;
  readonly rate: number | null;
  /** Wilson 95 % interval of the rate. */
  readonly lo: number | null;
  readonly hi: number | null;
  /** The rate pulled towards the parent's by 200 requests: what the colour shows. */
  readonly shrunk: number | null;
  /** Errors beyond the parent's rate. */
  readonly excess: number | null;
  readonly change: Change | null;
}

/** How a cell differs from the earlier window. */
export interface Change {
  readonly n: number;
  readonly k: number;
  readonly rate: number | null;
  /** Of the shrunk rate. */
  readonly change: number | null;
  readonly significant: boolean;
  /** How far from its own baseline, in standard errors. */
  readonly z: number | null;
}

/** Names of codes; a code without one is shown as it is. */
export type NameOf = (code: string) => string;

export function cellsOf(answer: Answer, level: Level, nameOf: NameOf): Cell[] {
  return rowsOf(answer).map((row) => {
    const number = (column: string) => numberOf(row(column));
    const [country, region, city] = ["country", "region", "city"].map((column) => textOf(row(column)));
    const own = { country, region, city }[level] ?? null;
    const place = own === null || !country ? null : { country, region: region ?? null, city: city ?? null };
    return {
      key: [country, region, city].map((part) => part ?? "").join("/"),
      name: own === null ? unknownName(level) : level === "city" ? own : nameOf(own),
      place,
      lat: number("lat"),
      lon: number("lon"),
      n: number("n") ?? 0,
      k: number("k") ?? 0,
      rate: number("rate"),
      lo: number("lo"),
      hi: number("hi"),
      shrunk: number("shrunk"),
      excess: number("excess"),
      change: row("base_n") === null ? null : changeOf(row),
    };
  });
}

function changeOf(row: Row): Change {
  return {
    n: numberOf(row("base_n")) ?? 0,
    k: numberOf(row("base_k")) ?? 0,
    rate: numberOf(row("base_rate")),
    change: numberOf(row("change")),
    significant: row("significant") === true,
    z: numberOf(row("z")),
  };
}

/** What requests of no known place are called. */
export function unknownName(level: Level): string {
  return t.map.unknown[level];
}

/** What is read off the cells. */
export interface Reading {
  readonly metric: Metric;
  readonly hours: number;
  /** Null unless two windows are compared. */
  readonly baseHours: number | null;
}

export function readingOf(metric: Metric, { window, base }: Windows): Reading {
  const hours = (span: { from: number; to: number }) => (span.to - span.from) / HOUR;
  return { metric, hours: hours(window), baseHours: base && hours(base) };
}

export function scaleOf({ metric, baseHours }: Reading): Scale {
  if (baseHours === null) return metric === "count" ? COUNT : RATE;
  return { rate: CHANGE, count: COUNT_CHANGE, surprise: SURPRISE }[metric];
}

/** The number behind the colour. */
export function valueOf(cell: Cell, { metric, hours, baseHours }: Reading): number | null {
  if (baseHours === null) return metric === "count" ? cell.k : cell.shrunk;
  if (!cell.change) return null;
  if (metric === "surprise") return cell.change.z;
  return metric === "rate" ? cell.change.change : cell.k / hours - cell.change.k / baseHours;
}

/** How an area is painted. */
export interface Tone {
  readonly step: number;
  /** Too few requests to say. */
  readonly few: boolean;
  /** Compared, and within what chance alone does. */
  readonly muted: boolean;
}

/** Null when nothing was requested from there. */
export function toneOf(cell: Cell, reading: Reading): Tone | null {
  const seen = cell.n + (cell.change?.n ?? 0);
  if (seen === 0) return null;
  const { metric, baseHours } = reading;
  const few = metric !== "count" && isFew(cell, reading);
  // Who was not there before has no baseline to be off from.
  const value = valueOf(cell, reading) ?? (metric === "surprise" && few ? 0 : null);
  if (value === null) return null;
  const muted = baseHours !== null && metric !== "surprise" && !few && !cell.change?.significant;
  return { step: stepOf(scaleOf(reading), value), few, muted };
}

/** A difference needs enough requests on both sides. */
export function isFew(cell: Cell, { baseHours }: Reading): boolean {
  return cell.n < ENOUGH || (baseHours !== null && (cell.change?.n ?? 0) < ENOUGH);
}

/** The server's order for rates; the largest value first for counts and surprise, where few requests go last. */
export function ordered(cells: readonly Cell[], reading: Reading): Cell[] {
  if (reading.metric === "rate") return [...cells];
  const value = (cell: Cell) => {
    const few = reading.metric === "surprise" && isFew(cell, reading);
    return (few ? null : valueOf(cell, reading)) ?? Number.NEGATIVE_INFINITY;
  };
  return [...cells].sort((a, b) => (value(a) === value(b) ? b.n - a.n : value(b) - value(a)));
}

export interface Totals {
  readonly n: number;
  readonly k: number;
  readonly baseN: number;
  readonly baseK: number;
}

export function totalsOf(cells: readonly Cell[]): Totals {
  const totals = { n: 0, k: 0, baseN: 0, baseK: 0 };
  for (const cell of cells) {
    totals.n += cell.n;
    totals.k += cell.k;
    totals.baseN += cell.change?.n ?? 0;
    totals.baseK += cell.change?.k ?? 0;
  }
  return totals;
}

/** A share of nothing is no rate. */
export function rateOf(k: number, n: number): number | null {
  return n > 0 ? k / n : null;
}
