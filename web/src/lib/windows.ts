// Which stretch of time a view shows. All windows are half-open, in epoch milliseconds.

export interface Window {
  readonly from: number;
  readonly to: number;
}

export type View = "day" | "hour" | "week" | "difference" | "custom";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How often relative windows move. */
export const REFRESH_MS = 10 * SECOND;
/** Data older than this is not live: relative windows then end where the data ends. */
const STALE_MS = 10 * MINUTE;

/** Where relative windows end, and whether that is now. */
export interface Clock {
  readonly end: number;
  readonly live: boolean;
}

/** `newest` is the time of the newest row. Ends are multiples of the refresh, so that answers can be compared. */
export function clockOf(now: number, newest: number | null): Clock {
  const live = newest === null || now - newest < STALE_MS;
  const last = live || newest === null ? now : newest + 1;
  return { end: Math.ceil(last / REFRESH_MS) * REFRESH_MS, live };
}

/** What the queries of a view are asked for. */
export interface Windows {
  readonly window: Window;
  /** The stretch compared with, just before; null where nothing is compared. */
  readonly base: Window | null;
  /** What the time charts show around the window. */
  readonly context: Window;
}

/** `fixed` holds the window where it is; without it the window ends at the clock's end. */
export function windowsOf(view: View, fixed: Window | null, end: number, compares = false): Windows {
  const day = { from: end - DAY, to: end };
  const hour = { from: end - HOUR, to: end };
  const week = { from: hour.from - 7 * DAY, to: hour.to - 7 * DAY };
  const window = fixed ?? { day, hour, week, difference: hour, custom: day }[view];
  // With its hour it makes a day, so that each hour of the day counts once; a longer window needs as much before it.
  const length = Math.max(23 * HOUR, window.to - window.from);
  const base = compares || view === "difference" ? { from: window.from - length, to: window.from } : null;
  return { window, base, context: contextOf(window, day) };
}

/** The day when it holds the window, else the window with as much again around it. */
function contextOf(window: Window, day: Window): Window {
  if (window.from >= day.from && window.to <= day.to) return day;
  const length = window.to - window.from;
  if (length >= DAY) return window;
  const margin = Math.min(length, (DAY - length) / 2);
  return { from: window.from - margin, to: window.to + margin };
}

const BUCKETS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const BUCKETS_MAX = 300;

/** The finest bucket that gives no more points than a chart of usual width can show. */
export function bucketSeconds(window: Window): number {
  const seconds = (window.to - window.from) / SECOND;
  return BUCKETS_S.find((bucket) => seconds / bucket <= BUCKETS_MAX) ?? 7 * 86400;
}

/** A window that a person dragged: whole minutes, never empty. */
export function snap(window: Window): Window {
  const from = Math.floor(window.from / MINUTE) * MINUTE;
  return { from, to: Math.max(from + MINUTE, Math.ceil(window.to / MINUTE) * MINUTE) };
}
