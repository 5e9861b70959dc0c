// Steps from week to week.

import { dateTime } from "./format";
import { DAY } from "./windows";

export interface Week {
  readonly from: number;
  readonly before: number;
  readonly after: number;
}

/** A time within the week that the address asks for; null is this week. */
export function weekAt(search: string): number | null {
  const text = new URLSearchParams(search).get("at") ?? "";
  return /^\d{1,13}$/.test(text) ? Number(text) : null;
}

/** The neighbours of the week that begins then; null when that is no time. */
export function weekOf(from: string): Week | null {
  const start = Date.parse(from);
  return Number.isNaN(start) ? null : { from: start, before: start - 7 * DAY, after: start + 7 * DAY };
}

/** Its begin and end; where the clock that is shown does not stand at midnight then, with their times. */
export function weekSpan(from: string, to: string): string {
  const [start, end] = [dateTime(Date.parse(from)), dateTime(Date.parse(to))];
  const isWhole = start.endsWith(" 00:00") && end.endsWith(" 00:00");
  return isWhole ? `${start.slice(0, 10)} – ${end.slice(0, 10)}` : `${start} – ${end}`;
}

export function isThisWeek({ from, after }: Week, now: number): boolean {
  return from <= now && now < after;
}
