// What is usual: the band that the error rate keeps to, and since when it has left it.

import type { Counts, History } from "./history";
import type { Values } from "./series";
import { DAY, SECOND, type Window } from "./windows";

export interface Usual {
  /** Against the same time of the days before, or, where there are too few of them, against the day before as a whole. */
  readonly kind: "time" | "day";
  readonly days: number;
  readonly low: Values;
  readonly high: Values;
}

/** How many days back the band looks. */
export const USUAL_DAYS = 7;
const DAYS_MIN = 3;
/** Buckets to either side that count as the same time of day. */
const BESIDE = 2;
const SAMPLES_MIN = 8;

/** The band for each of the buckets; null when too little is known of before. */
export function usualOf(
  history: History,
  buckets: readonly number[],
  bucketS: number,
  window: Window,
): Usual | null {
  const size = bucketS * SECOND;
  const counts = (t: number) => {
    const known = history.get(t);
    return known && known.n > 0 && t < window.from ? [known] : [];
  };
  const last = buckets.at(-1) ?? window.to;
  const daysBefore = Array.from({ length: USUAL_DAYS }, (_, idx) => (idx + 1) * DAY);
  const known = daysBefore.filter((back) => around(last - back, size).flatMap(counts).length > 0);
  if (known.length >= DAYS_MIN) {
    const samples = (t: number) => daysBefore.flatMap((back) => around(t - back, size).flatMap(counts));
    const bands = buckets.map((t) => bandOf(samples(t)));
    return { kind: "time", days: known.length, ...columnsOf(bands) };
  }
  const day = [...history.keys()].filter((t) => t >= window.from - DAY && t + size <= window.from);
  const band = bandOf(day.flatMap(counts));
  return band && { kind: "day", days: 1, ...columnsOf(buckets.map(() => band)) };
}

function around(t: number, size: number): number[] {
  return Array.from({ length: 2 * BESIDE + 1 }, (_, idx) => t + (idx - BESIDE) * size);
}

interface Band {
  readonly low: number;
  readonly high: number;
}

/**
 * Three usual deviations around the median, or what chance alone does to that rate if that is more. Both are medians: an
 * outage of hours within what is looked back at does not make outages usual. Where requests are so few that most buckets
 * have no error at all, the rate of all of them stands for the median.
 */
function bandOf(samples: readonly Counts[]): Band | null {
  if (samples.length < SAMPLES_MIN) return null;
  const sum = (name: "n" | "k") => samples.reduce((total, counts) => total + counts[name], 0);
  const rates = samples.map(({ n, k }) => k / n);
  const middle = median(rates) || sum("k") / sum("n");
  // What makes the median deviation of a normal distribution its standard deviation.
  const deviation = 1.4826 * median(rates.map((rate) => Math.abs(rate - middle)));
  const chance = Math.sqrt((middle * (1 - middle) * samples.length) / sum("n"));
  return around3(middle, Math.max(deviation, chance));
}

function around3(middle: number, deviation: number): Band {
  return { low: Math.max(0, middle - 3 * deviation), high: middle + 3 * deviation };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

function columnsOf(bands: readonly (Band | null)[]): Pick<Usual, "low" | "high"> {
  return { low: bands.map((band) => band?.low ?? null), high: bands.map((band) => band?.high ?? null) };
}

/** A stretch of time above what is usual; it goes on while it has no end. */
export interface Above {
  readonly from: number;
  readonly to: number | null;
}

/** Fewer errors than this in a bucket are no sign. */
const ERRORS_MIN = 3;
/** So many buckets in a row begin it; one alone is chance. */
const BEGIN_MIN = 2;
/** So many buckets in a row as usual end it. */
const END_MIN = 3;

/** The latest stretch in which the rate is above its band; null when there is none. */
export function lastAbove(
  buckets: readonly number[],
  { n, k }: { readonly n: Values; readonly k: Values },
  { high }: Pick<Usual, "high">,
): Above | null {
  const isAbove = (idx: number) => {
    const [requests, errors, top] = [n[idx] ?? 0, k[idx] ?? 0, high[idx] ?? Infinity];
    return errors >= ERRORS_MIN && errors / requests > top;
  };
  // The newest bucket may have just begun, and then says nothing: it counts only where it says something.
  const last = isAbove(buckets.length - 1) ? buckets.length - 1 : buckets.length - 2;
  let latest: { from: number; to: number } | null = null;
  let [run, pause] = [0, END_MIN];
  for (let idx = 0; idx <= last; idx += 1) {
    [run, pause] = isAbove(idx) ? [run + 1, 0] : [0, pause + 1];
    if (run > 0 && latest && idx - latest.to <= END_MIN) latest.to = idx;
    else if (run >= BEGIN_MIN) latest = { from: idx - run + 1, to: idx };
  }
  if (!latest) return null;
  const end = last - latest.to >= END_MIN ? buckets[latest.to + 1] : undefined;
  return { from: buckets[latest.from] ?? 0, to: end ?? null };
}
