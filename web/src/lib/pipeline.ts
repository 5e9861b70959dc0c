// How the way of the lines is: how late they come, how many are understood, which source has fallen silent.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Answer } from "./api";
import { HOUR, MINUTE } from "./windows";

export interface Pipeline {
  /** The source whose lines come latest, nine of ten of them at most so late. */
  readonly latest: { readonly source: string; readonly lagMs: number } | null;
  readonly n: number;
  readonly unparsed: number;
  /** The source with most lines that fit no format. */
  readonly odd: string | null;
  readonly silent: readonly Silent[];
  readonly nSources: number;
}

export interface Silent {
  readonly source: string;
  readonly newest: number;
}

/** An import of old files would make a longer stretch look late. */
export const LAG_MS = 5 * MINUTE;
/** So long is looked back for sources. */
export const HEARD_MS = 12 * HOUR;
/** A steady source that says nothing for this long has fallen silent. */
const SILENT_MS = 10 * MINUTE;
/** As the query cuts time. */
const SLOT_MS = 5 * MINUTE;
/** A file that was read once is not silent afterwards; what came in for an hour is a source that goes on. */
const STEADY_MS = HOUR;

export function pipelineOf(lag: Answer | null, unparsed: Answer | null, heard: Answer | null, now: number): Pipeline {
  const lags = (lag ? rowsOf(lag) : []).map((row) => ({
    source: textOf(row("source")) ?? "",
    lagMs: (numberOf(row("lag_s")) ?? 0) * 1000,
  }));
  const latest = lags.reduce<Pipeline["latest"]>((most, one) => (most && most.lagMs >= one.lagMs ? most : one), null);
  const shares = (unparsed ? rowsOf(unparsed) : []).map((row) => ({
    source: textOf(row("source")) ?? "",
    n: numberOf(row("n")) ?? 0,
    k: numberOf(row("k")) ?? 0,
  }));
  const odd = shares.reduce<(typeof shares)[number] | null>(
    (most, one) => (one.k > (most?.k ?? 0) ? one : most),
    null,
  );
  const sources = heard ? rowsOf(heard) : [];
  return {
    latest,
    n: shares.reduce((sum, { n }) => sum + n, 0),
    unparsed: shares.reduce((sum, { k }) => sum + k, 0),
    odd: odd?.source ?? null,
    silent: sources.flatMap((row): Silent[] => {
      const [oldest, newest, slots] = [row("oldest"), row("newest"), row("slots")].map(numberOf);
      if (!isSilent(oldest ?? null, newest ?? null, slots ?? 0, now)) return [];
      return [{ source: textOf(row("source")) ?? "", newest: newest ?? 0 }];
    }),
    nSources: sources.length,
  };
}

/** Silent is what was heard in at least every other slot for an hour or more, and is not heard now. */
function isSilent(oldest: number | null, newest: number | null, slots: number, now: number): boolean {
  if (oldest === null || newest === null || now - newest < SILENT_MS) return false;
  const span = newest - oldest;
  return span >= STEADY_MS && slots >= span / SLOT_MS / 2;
}
