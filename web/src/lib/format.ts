// Numbers, times and hostile text as people read them.

import { language, t } from "./texts";
import { moment, wall, zoneTitle } from "./wall";
import { zone } from "./zone.svelte";

const THIN_SPACE = "\u202f";
const MINUS = "\u2212";

const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

let decimalSign = decimalSignOf(language);

/** A point or a comma; groups are set apart by a thin space everywhere, which nobody takes for either. */
function decimalSignOf(locale: string): string {
  const parts = new Intl.NumberFormat(locale, { numberingSystem: "latn" }).formatToParts(1.5);
  return parts.find(({ type }) => type === "decimal")?.value === "," ? "," : ".";
}

/** Numbers from now on as in that language. */
export function useLocale(locale: string): void {
  decimalSign = decimalSignOf(locale);
}

/** A number that was written with a point, as it is written here. */
export function localized(text: string): string {
  return text.replace(".", decimalSign);
}

/** All digits, in groups of three. */
export function integer(n: number): string {
  return signed(exact.format(n).replace(/,/g, THIN_SPACE));
}

/** All digits up to four, then `12.3K`. */
export function count(n: number): string {
  if (Math.abs(n) < 10_000) return integer(n);
  // Thousands and millions are the same letters everywhere; a billion is not the same number.
  const large = { B: t.shared.billion, T: t.shared.trillion };
  const text = signed(localized(compact.format(n)));
  return text.replace(/[BT]$/, (letter) => large[letter as "B" | "T"]);
}

/** A rate as `0.62 %`, `4.1 %`, `22 %`. */
export function percent(rate: number | null): string {
  if (rate === null || !Number.isFinite(rate)) return "–";
  if (rate === 0) return `0${THIN_SPACE}%`;
  if (rate < 0.0001) return `<${localized("0.01")}${THIN_SPACE}%`;
  return `${scaled(rate)}${THIN_SPACE}%`;
}

/** A change of a rate in percentage points; never "percent of a percent". */
export function points(change: number | null): string {
  if (change === null || !Number.isFinite(change)) return "–";
  if (Math.abs(change) < 0.00005) return `±0${THIN_SPACE}pt`;
  const sign = change > 0 ? "+" : MINUS;
  return `${sign}${scaled(Math.abs(change))}${THIN_SPACE}pt`;
}

function scaled(rate: number): string {
  const percent = rate * 100;
  // Rounded first: 0.9996 % must not read as 1.00 %.
  if (percent < 0.995) return localized(percent.toFixed(2));
  if (percent < 9.95) return localized(percent.toFixed(1));
  return percent.toFixed(0);
}

/** How far off, in standard errors: `+12 σ`. */
export function deviations(z: number | null): string {
  if (z === null || !Number.isFinite(z)) return "–";
  return `${surplus(z)}${THIN_SPACE}σ`;
}

/** With a sign always: `+1 204`, `−3`. */
export function surplus(n: number): string {
  const rounded = Math.abs(n) < 10 ? Math.round(n * 10) / 10 : Math.round(n);
  if (rounded === 0) return "0";
  const sign = rounded > 0 ? "+" : MINUS;
  const size = Math.abs(rounded);
  return sign + (size < 10 ? localized(String(size)) : count(size));
}

function signed(text: string): string {
  return text.replace("-", MINUS);
}

/** `2026-11-23 20:00`, in the zone that is shown. */
export function dateTime(ms: number): string {
  return wall(ms, zone.name).slice(0, 16).replace("T", " ");
}

/** Reads what `dateTime` writes; no number when it is something else. */
export function parseDateTime(text: string): number {
  const [, date, time] = /^\s*(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})\s*$/.exec(text) ?? [];
  return date && time ? moment(`${date}T${time}:00`, zone.name) : Number.NaN;
}

/** `20:00`, in the zone that is shown. */
export function clockTime(ms: number): string {
  return wall(ms, zone.name).slice(11, 16);
}

/** What the times are in: `UTC`, `Madrid time`. */
export function zoneName(): string {
  return zoneTitle(zone.name);
}

/** A window as short as it can be said: the date of the end only when it differs. */
export function span(from: number, to: number): string {
  const [start, end] = [dateTime(from), dateTime(to)];
  return start.slice(0, 10) === end.slice(0, 10) ? `${start} – ${end.slice(11)}` : `${start} – ${end}`;
}

/** `3 min`, `2 h`, `5 days`: how long something takes. */
export function duration(ms: number): string {
  return lasting(ms, t.shared.days);
}

/** The same after a word such as since, for or ago. */
export function ago(ms: number): string {
  return lasting(ms, t.shared.daysAgo);
}

function lasting(ms: number, days: (n: string) => string): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : days(integer(Math.round(hours / 24)));
}

/** What moves, turns or hides: controls, directions, zero widths, fillers, tags. */
const HIDDEN = new RegExp(
  String.raw`[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e` +
    String.raw`\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]`,
  "gu",
);

const escape = (c: string) => `\\u{${c.codePointAt(0)?.toString(16)}}`;

/** Control and direction characters of log text, made visible: they could dress one name up as another. */
export function plain(text: string): string {
  return isBlank(text) ? text.replace(/./gsu, escape) : text.replace(HIDDEN, escape);
}

/** A name of spaces alone would be a link that nobody sees. */
const isBlank = (text: string) => text !== "" && text.trim() === "";

/** Text of several lines, such as SQL: the same, but its lines stay lines. */
export function plainLines(text: string): string {
  const lines = text.replace(/\t/g, "  ").split(/\r?\n/);
  return lines.map((line) => line.replace(HIDDEN, escape)).join("\n");
}
