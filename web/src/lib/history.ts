// Requests and errors over days. What is long past changes seldom, and is asked for once an hour; the last full hour
// still gains late lines, and is asked for each time with the one that is not over.

import { numberOf, rowsOf } from "./answer";
import { Failure, run, type Answer, type Ask } from "./api";
import { ALL, keyOf, paramsOf, type Filters } from "./filters";
import { WORLD, formatPlace, type Place } from "./places";
import { HOUR, type Window } from "./windows";

export interface Counts {
  readonly n: number;
  readonly k: number;
}

/** Where what is asked for once an hour ends. */
const settledAt = (to: number) => Math.floor(to / HOUR) * HOUR - HOUR;

/** By the start of their bucket. */
export type History = ReadonlyMap<number, Counts>;

export function historyOf(answer: Answer): History {
  return new Map(
    rowsOf(answer).map((row) => [
      numberOf(row("t")) ?? Number.NaN,
      { n: numberOf(row("n")) ?? 0, k: numberOf(row("k")) ?? 0 },
    ]),
  );
}

export function overTime(
  { from, to }: Window,
  bucket_s: number,
  place: Place = WORLD,
  filters: Filters = ALL,
): Ask {
  const { country, region, city } = place;
  const only = paramsOf(filters);
  return { query: "errors_over_time", params: { from, to, bucket_s, country, region, city, ...only } };
}

export class Memory {
  #key = "";
  #history: Promise<History> | null = null;

  /** Up to an hour before the last full one. It is not given up when the page asks anew: the next question wants the same. */
  past(span: Window, bucketS: number, place: Place, filters: Filters): Promise<History> {
    const from = Math.floor(span.from / HOUR) * HOUR;
    const to = Math.max(from, settledAt(span.to));
    const key = `${from} ${to} ${bucketS} ${formatPlace(place)} ${keyOf(filters)}`;
    if (key !== this.#key || !this.#history) {
      this.#key = key;
      const ask = overTime({ from, to }, bucketS, place, filters);
      const asked = run(ask, new AbortController().signal).then(historyOf);
      this.#history = asked;
      asked.catch(() => {
        if (this.#history === asked) this.#history = null;
      });
    }
    return this.#history;
  }

  /** With the hours that are asked for each time. */
  async whole(
    span: Window,
    bucketS: number,
    place: Place,
    filters: Filters,
    signal: AbortSignal,
  ): Promise<History> {
    const current = { from: Math.max(span.from, settledAt(span.to)), to: span.to };
    const [past, now] = await Promise.all([
      this.past(span, bucketS, place, filters),
      run(overTime(current, bucketS, place, filters), signal),
    ]);
    return new Map([...past, ...historyOf(now)]);
  }
}

/** What a page can do without. Aborts and lost sessions still count. */
export async function orNull<T>(asked: Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (!signal.aborted && error instanceof Failure && error.status !== 401) return null;
    throw error;
  }
}
