// Hour by day: the cells of the heat map, in the zone that is shown.

import type { History } from "./history";
import { ENOUGH, RATE, stepOf } from "./scales";
import { wilson } from "./wilson";
import { moment, wall } from "./wall";
import { DAY, HOUR, SECOND } from "./windows";

export interface HeatCell {
  /** Moments, whatever the clock shows. */
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly k: number;
  /** Null where there is no data. */
  readonly rate: number | null;
  readonly step: number;
  readonly few: boolean;
  /** The hour is not over. */
  readonly isPart: boolean;
  /** The hour has not begun. */
  readonly isAhead: boolean;
}

export interface HeatDay {
  /** `2026-11-25`, as the calendar of the zone has it. */
  readonly date: string;
  /** Cells by the hour that the clock shows: none for the hour that spring leaves out, two for the one that autumn repeats. */
  readonly hours: readonly (readonly HeatCell[])[];
  /** How long the day is, in hours. */
  readonly length: number;
  readonly all: HeatCell;
}

export const HEAT_DAYS = [7, 14, 28] as const;
export type HeatDays = (typeof HEAT_DAYS)[number];

/** The days that end at a moment, the newest first. */
export function datesOf(end: number, nDays: number, zone: string): string[] {
  const today = Date.parse(`${wall(end - 1, zone).slice(0, 10)}T00:00:00Z`);
  return Array.from({ length: nDays }, (_, idx) => new Date(today - idx * DAY).toISOString().slice(0, 10));
}

function startOf(date: string, zone: string): number {
  return moment(`${date}T00:00:00`, zone);
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + DAY).toISOString().slice(0, 10);
}

/** When the oldest of the days begins. */
export function beginOf(dates: readonly string[], zone: string): number {
  return startOf(dates.at(-1) ?? "1970-01-01", zone);
}

/** Hours of the clock begin with hours of UTC in most zones; the others need quarters. */
export function heatSeconds(dates: readonly string[], zone: string): number {
  return dates.every((date) => startOf(date, zone) % HOUR === 0) ? 3600 : 900;
}

export function heatOf(
  history: History,
  dates: readonly string[],
  end: number,
  zone: string,
  bucketS: number,
): HeatDay[] {
  const cell = (from: number, to: number) => cellOf(history, from, to, end, bucketS * SECOND);
  return dates.map((date) => {
    const [start, next] = [startOf(date, zone), startOf(dayAfter(date), zone)];
    const hours: HeatCell[][] = Array.from({ length: 24 }, () => []);
    for (let from = start; from < next; from += HOUR) {
      const hour = Number(wall(from, zone).slice(11, 13));
      hours[hour]?.push(cell(from, Math.min(from + HOUR, next)));
    }
    return { date, hours, length: (next - start) / HOUR, all: cell(start, next) };
  });
}

function cellOf(history: History, from: number, to: number, end: number, size: number): HeatCell {
  let [n, k] = [0, 0];
  for (let t = from; t < to; t += size) {
    const counts = history.get(t);
    n += counts?.n ?? 0;
    k += counts?.k ?? 0;
  }
  return { from, to, ...shareOf(n, k), isPart: from < end && to > end, isAhead: from >= end };
}

function shareOf(n: number, k: number): Pick<HeatCell, "n" | "k" | "rate" | "step" | "few"> {
  return { n, k, rate: n > 0 ? k / n : null, step: stepOf(RATE, n > 0 ? k / n : 0), few: n < ENOUGH };
}

export interface HourOfAll extends Pick<HeatCell, "n" | "k" | "rate" | "step" | "few"> {
  readonly hour: number;
}

/** Each hour of the clock over all days. */
export function profileOf(days: readonly HeatDay[]): HourOfAll[] {
  return Array.from({ length: 24 }, (_, hour) => {
    const cells = days.flatMap((day) => day.hours[hour] ?? []);
    const sum = (name: "n" | "k") => cells.reduce((total, cell) => total + cell[name], 0);
    return { hour, ...shareOf(sum("n"), sum("k")) };
  });
}

export type Repeat =
  | { readonly kind: "unknown" }
  | { readonly kind: "none" }
  | { readonly kind: "hours"; readonly hours: readonly number[] };

/** Fewer days than this repeat nothing. */
const REPEAT_DAYS_MIN = 3;
/** On so many of its days an hour has to be worse than the rest of them. */
const REPEAT_SHARE = 0.6;

/** The hours that are worse than the rest of their day, beyond chance, on most days. */
export function repeatOf(days: readonly HeatDay[]): Repeat {
  const counted = Array.from({ length: 24 }, (_, hour) => {
    let [above, of] = [0, 0];
    for (const { hours, all } of days) {
      const cell = hours[hour]?.find(({ few, isPart }) => !few && !isPart);
      const rest = all.n - (cell?.n ?? 0);
      if (!cell || rest < ENOUGH) continue;
      of += 1;
      if ((wilson(cell.k, cell.n).lo ?? 0) > (all.k - cell.k) / rest) above += 1;
    }
    return { hour, above, of };
  }).filter(({ of }) => of >= REPEAT_DAYS_MIN);
  if (counted.length === 0) return { kind: "unknown" };
  const hours = counted.filter(({ above, of }) => above >= REPEAT_SHARE * of).map(({ hour }) => hour);
  return hours.length > 0 ? { kind: "hours", hours } : { kind: "none" };
}

/** Neighbouring hours as one stretch: `10:00–16:00, 23:00–24:00`. */
export function stretches(hours: readonly number[]): string {
  const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  const first = hours.filter((hour) => !hours.includes(hour - 1));
  const endOf = (hour: number): number => (hours.includes(hour) ? endOf(hour + 1) : hour);
  return first.map((hour) => `${clock(hour)}–${clock(endOf(hour))}`).join(", ");
}
