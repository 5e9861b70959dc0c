// What the page of times shows: some days by hour, one window of them, and the same window a week before.

import { run, type Status } from "./api";
import { isPart, paramsOf, parseFilters, type Filters } from "./filters";
import { loadIndex, type Index } from "./geometry";
import { beginOf, datesOf, HEAT_DAYS, heatOf, heatSeconds, type HeatDay, type HeatDays } from "./heat";
import { orNull, overTime, type Memory } from "./history";
import { formatPlace, parsePlace, type Place } from "./places";
import { BEFORE, daysBefore, pastOf, pulseAsk, pulseOf, type Before, type Past, type Pulse } from "./pulse";
import { pathOf } from "./routes";
import { bucketsOf, errorSeries, type ErrorSeries } from "./series";
import { parseSpan } from "./spans";
import { DAY, HOUR, bucketSeconds, clockOf, type Clock, type Window } from "./windows";

export interface TimeState {
  readonly days: HeatDays;
  /** Null for the last day, which moves with the clock. */
  readonly window: Window | null;
  readonly place: Place;
  readonly filters: Filters;
}

export function parseTime(search: string): TimeState {
  const params = new URLSearchParams(search);
  return {
    days: HEAT_DAYS.find((days) => String(days) === params.get("days")) ?? 7,
    window: parseSpan(params).window,
    place: parsePlace(params.get("place") ?? ""),
    filters: parseFilters(params),
  };
}

export function formatTime({ days, window, place, filters }: TimeState): string {
  return pathOf("time", null, {
    days: days === 7 ? null : String(days),
    from: window && String(window.from),
    to: window && String(window.to),
    place: formatPlace(place),
    ...paramsOf(filters),
  });
}

export interface Times {
  readonly clock: Clock;
  readonly zone: string;
  readonly days: readonly HeatDay[];
  readonly window: Window;
  /** What the charts show around the window. */
  readonly context: Window;
  readonly buckets: readonly number[];
  readonly bucketS: number;
  readonly series: ErrorSeries;
  /** A week before, bucket by bucket; null when the server did not say. */
  readonly before: ErrorSeries | null;
  readonly now: Pulse;
  readonly past: Readonly<Record<Before, Past>>;
  readonly index: Index | null;
  readonly sql: string;
}

export async function askTimes(
  { days, window: chosen, place, filters }: TimeState,
  status: Status,
  zoneOf: (index: Index | null) => string,
  memory: Memory,
  signal: AbortSignal,
): Promise<Times> {
  const index = await orNull(loadIndex(), signal);
  const zone = zoneOf(index);
  const clock = clockOf(Date.parse(status.now), status.data.told_to);
  const window = chosen ?? { from: clock.end - DAY, to: clock.end };
  const context = contextOf(window, clock.end);
  const bucketS = bucketSeconds(context);
  const earlier = daysBefore(context, 7);
  const dates = datesOf(clock.end, days, zone);
  const heatS = heatSeconds(dates, zone);
  const heatSpan = { from: beginOf(dates, zone), to: clock.end };
  const [history, errors, before, pulse, past] = await Promise.all([
    memory.whole(heatSpan, heatS, place, filters, signal),
    run(overTime(context, bucketS, place, filters), signal),
    orNull(run(overTime(earlier, bucketS, place, filters), signal), signal),
    run(pulseAsk(window, place, filters), signal),
    Promise.all(
      BEFORE.map(async ({ days }) => {
        const then = daysBefore(window, days);
        const answer = await orNull(run(pulseAsk(then, place, filters), signal), signal);
        return pastOf(answer && pulseOf(answer), then, status.data.from);
      }),
    ),
  ]);
  const nothing: Past = { known: "nothing", pulse: null };
  // A place or a path may well be quiet for a while; all of them together falling silent is a gap.
  const quiet = (until: number) => (isPart(place, filters) ? until : null);
  return {
    clock,
    zone,
    days: heatOf(history, dates, clock.end, zone, heatS),
    window,
    context,
    buckets: bucketsOf(context, bucketS),
    bucketS,
    series: errorSeries(errors, context, bucketS, quiet(clock.end)),
    before: before && errorSeries(before, earlier, bucketS, null),
    now: pulseOf(pulse) as Pulse,
    past: { day: past[0] ?? nothing, week: past[1] ?? nothing },
    index,
    sql: errors.sql,
  };
}

/** Enough around a window to see what it stands out from, but nothing that is still ahead. */
export function contextOf({ from, to }: Window, end: number): Window {
  const length = to - from;
  if (length >= DAY) return { from, to };
  const margin = Math.min((DAY - length) / 2, Math.max(3 * HOUR, length));
  const last = Math.max(to, Math.min(to + margin, end));
  return { from: last - length - 2 * margin, to: last };
}
