// The few numbers that say how a window was, and how they differ from the same window a day and a week before.

import { numberOf, rowsOf } from "./answer";
import type { Answer, Ask } from "./api";
import { count, integer, localized, percent, points, surplus } from "./format";
import { ALL, paramsOf, type Filters } from "./filters";
import { WORLD, type Place } from "./places";
import { DAY, type Window } from "./windows";

export interface Pulse {
  readonly lines: number;
  /** Requests. */
  readonly n: number;
  /** Requests that failed on the server's side. */
  readonly k: number;
  readonly rate: number | null;
  readonly denied: number;
  readonly authFailed: number;
  /** Requests that say how long they took. */
  readonly nTimed: number;
  readonly p95Ms: number | null;
}

export function pulseAsk({ from, to }: Window, place: Place = WORLD, filters: Filters = ALL): Ask {
  const { country, region, city } = place;
  return { query: "pulse", params: { from, to, country, region, city, ...paramsOf(filters) } };
}

export function pulseOf(answer: Answer): Pulse | null {
  const [row] = rowsOf(answer);
  if (!row) return null;
  const number = (column: string) => numberOf(row(column));
  return {
    lines: number("lines") ?? 0,
    n: number("n") ?? 0,
    k: number("k") ?? 0,
    rate: number("rate"),
    denied: number("denied") ?? 0,
    authFailed: number("auth_failed") ?? 0,
    nTimed: number("n_timed") ?? 0,
    p95Ms: number("p95_ms"),
  };
}

/** What a window is compared with: so many days before. */
export const BEFORE = [
  { name: "day", days: 1 },
  { name: "week", days: 7 },
] as const;
export type Before = (typeof BEFORE)[number]["name"];

export function daysBefore({ from, to }: Window, days: number): Window {
  return { from: from - days * DAY, to: to - days * DAY };
}

/** What is known of the window before: nothing where nobody wrote anything down yet, or only of a part of it. */
export type Past =
  | { readonly known: "all" | "part"; readonly pulse: Pulse }
  | { readonly known: "nothing"; readonly pulse: null };

/** `oldest` is the time of the oldest row. */
export function pastOf(pulse: Pulse | null, { from, to }: Window, oldest: number | null): Past {
  if (!pulse || pulse.lines === 0 || oldest === null || oldest >= to) return { known: "nothing", pulse: null };
  return { known: oldest > from ? "part" : "all", pulse };
}

export const MEASURES = ["requests", "rate", "errors", "slow", "denied"] as const;
export type MeasureName = (typeof MEASURES)[number];

/** Fewer than this many times say nothing about the slowest twentieth. */
const TIMED_MIN = 20;

/** Four of the measures: how slow it is where the rows say so, else who was turned away. */
export function measuresOf({ nTimed }: Pulse): MeasureName[] {
  return ["requests", "rate", "errors", nTimed >= TIMED_MIN ? "slow" : "denied"];
}

function valueOf(name: MeasureName, pulse: Pulse): number | null {
  switch (name) {
    case "requests":
      return pulse.n;
    case "rate":
      return pulse.rate;
    case "errors":
      return pulse.k;
    case "slow":
      return pulse.nTimed >= TIMED_MIN ? pulse.p95Ms : null;
    case "denied":
      return pulse.denied + pulse.authFailed;
  }
}

export function measureText(name: MeasureName, pulse: Pulse): string {
  const value = valueOf(name, pulse);
  if (value === null) return "–";
  if (name === "rate") return percent(value);
  if (name === "slow") return millis(value);
  return count(value);
}

/** `85 ms`, `1.2 s`, `10 s`. */
export function millis(ms: number): string {
  if (ms < 999.5) return `${integer(ms)}\u202fms`;
  const s = ms / 1000;
  return `${s < 9.95 ? localized(String(Math.round(s * 10) / 10)) : integer(s)}\u202fs`;
}

export interface Shift {
  /** `+1 204`, `−0.31 pt`. */
  readonly text: string;
  readonly before: string;
  readonly direction: "up" | "down" | "same";
  /** Whether chance alone would hardly do it, and it is for the worse. */
  readonly worse: boolean;
}

/** Shares and durations of a part of a window can be compared; counts of a part are too small. */
export function isComparable(name: MeasureName, { known }: Past): boolean {
  return known === "all" || (known === "part" && (name === "rate" || name === "slow"));
}

/** How a measure differs from before; null when it was not measured then, or is not now. */
export function shiftOf(name: MeasureName, now: Pulse, before: Pulse): Shift | null {
  const [a, b] = [valueOf(name, now), valueOf(name, before)];
  if (a === null || b === null) return null;
  const change = a - b;
  const text = name === "rate" ? points(change) : name === "slow" ? slower(change) : surplus(change);
  return {
    text,
    before: measureText(name, before),
    direction: /^[0±]/.test(text) ? "same" : change > 0 ? "up" : "down",
    worse: (name === "rate" || name === "errors") && (zOf(now, before) ?? 0) > Z_CLEAR,
  };
}

function slower(change: number): string {
  if (Math.abs(change) < 0.5) return "0";
  return (change > 0 ? "+" : "\u2212") + millis(Math.abs(change));
}

/** One chance in a hundred, as in the queries of the map. */
const Z_CLEAR = 2.58;

/** How far two shares lie apart, in standard errors; null when one of them is of nothing. */
export function zOf(now: Pick<Pulse, "n" | "k">, before: Pick<Pulse, "n" | "k">): number | null {
  if (now.n === 0 || before.n === 0) return null;
  const p = (now.k + before.k) / (now.n + before.n);
  const spread = Math.sqrt(p * (1 - p) * (1 / now.n + 1 / before.n));
  return spread > 0 ? (now.k / now.n - before.k / before.n) / spread : 0;
}
