// How far back a page looks: so long until now, or a window that somebody chose. The map has its own way.

import { DAY, HOUR, MINUTE, type Clock, type Window } from "./windows";

export const SPANS = [
  { value: "15m", label: "15 min", ms: 15 * MINUTE },
  { value: "1h", label: "1 h", ms: HOUR },
  { value: "6h", label: "6 h", ms: 6 * HOUR },
  { value: "24h", label: "24 h", ms: DAY },
] as const;
export type SpanName = (typeof SPANS)[number]["value"];

export interface Span {
  readonly last: SpanName;
  /** Null while the window moves with the clock. */
  readonly window: Window | null;
}

/** Beyond this a browser's dates end. */
const MS_MAX = 8.64e15;

export function parseSpan(params: URLSearchParams, usual: SpanName = "1h"): Span {
  const window = { from: msOf(params.get("from")), to: msOf(params.get("to")) };
  const last = SPANS.find(({ value }) => value === params.get("last"))?.value ?? usual;
  return { last, window: window.from < window.to ? window : null };
}

function msOf(text: string | null): number {
  const ms = text !== null && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return ms <= MS_MAX ? ms : Number.NaN;
}

/** What `parseSpan` reads, as parameters; what is usual is left out. */
export function formatSpan({ last, window }: Span, usual: SpanName = "1h"): Record<string, string | null> {
  if (window) return { from: String(window.from), to: String(window.to) };
  return { last: last === usual ? null : last };
}

/** The stretch of time that is looked at. */
export function windowOf({ window, last }: Span, clock: Clock): Window {
  const ms = SPANS.find(({ value }) => value === last)?.ms ?? HOUR;
  return window ?? { from: clock.end - ms, to: clock.end };
}
