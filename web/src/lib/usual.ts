// What is usual: the band that the error rate keeps to, and since when it has left it.

import type { Counts, History } from "./history";
import type { Values } from "./series";
import { DAY, MINUTE, SECOND, type Window } from "./windows";

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
  /** The last bucket that is above. */
  readonly latest: number;
}

type Series = { readonly n: Values; readonly k: Values };

/** Fewer errors than this in a bucket are no sign. */
const ERRORS_MIN = 3;
/** So many buckets in a row begin it; one alone is chance. */
const BEGIN_MIN = 2;
/** So many buckets in a row as usual end it. */
const END_MIN = 3;
/** So many minutes are counted together: one alone has too few requests to be told from chance. */
const TOGETHER = 5;
/** So many minutes as usual end it: more than the bucket of a day, so that one alone does not. */
const CALM_MINUTES = 8;

function isBeyond(errors: number, requests: number, top: number): boolean {
  return errors >= ERRORS_MIN && errors / requests > top;
}

/** The latest stretch in which the rate is above its band; null when there is none. */
export function lastAbove(
  buckets: readonly number[],
  { n, k }: Series,
  { high }: Pick<Usual, "high">,
): Above | null {
  const isAbove = (idx: number) => isBeyond(k[idx] ?? 0, n[idx] ?? 0, high[idx] ?? Infinity);
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
  return { from: buckets[latest.from] ?? 0, to: end ?? null, latest: buckets[latest.to] ?? 0 };
}

/** The whole minutes that tell when a stretch ended: from its last bucket until the buckets know it too. */
export function minutesAfter({ latest }: Above, bucketS: number, to: number): Window {
  const known = latest + (END_MIN + 1) * bucketS * SECOND;
  return { from: latest, to: Math.min(known, Math.floor(to / MINUTE) * MINUTE) };
}

/** Since when any five minutes in a row, counted together, are as usual; null while that is less than eight minutes. */
export function calmSince(
  minutes: readonly number[],
  { n, k }: Series,
  topAt: (t: number) => number | null,
): number | null {
  const sum = (values: Values, idx: number, count: number) =>
    values.slice(idx, idx + count).reduce<number>((total, value) => total + (value ?? 0), 0);
  const isAbove = (idx: number, count: number) =>
    isBeyond(sum(k, idx, count), sum(n, idx, count), topAt(minutes[idx] ?? 0) ?? Infinity);
  let first = minutes.length;
  for (let idx = minutes.length - TOGETHER; idx >= 0 && !isAbove(idx, TOGETHER); idx -= 1) first = idx;
  // The last bad minutes hide among the good ones that follow.
  while (first < minutes.length && isAbove(first, 1)) first += 1;
  return minutes.length - first >= CALM_MINUTES ? (minutes[first] ?? null) : null;
}
