// A rule's value as people read it, by the unit that the rule gives it, and as they write it.

import { count, duration, integer, localized, percent } from "./format";
import type { Share, Spread, Unit } from "./incidents-api";
import { t } from "./texts";

const THIN_SPACE = "\u202f";

/** `8.3 %`, `4.2 ×`, `3 min`, `1 204`. */
export function valueText(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  switch (unit) {
    case "ratio":
      return percent(value);
    case "percent":
      return percent(value / 100);
    case "times":
      return `${short(value)}${THIN_SPACE}×`;
    case "seconds":
      return seconds(value);
    default:
      return short(value);
  }
}

/** A span as it is set, `30 s`, `3 min`: below two minutes nothing is rounded away. */
export function seconds(value: number): string {
  return Math.abs(value) < 120 ? `${short(Math.round(value))} s` : duration(value * 1000);
}

/** The way that breaches: `> 5 %`. */
export function limitText(op: string, at: number, unit: Unit): string {
  return `${op} ${valueText(at, unit)}`;
}

function short(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return count(Math.round(value));
  return localized(Number(value.toPrecision(3)).toString()).replace("-", "\u2212");
}

/** The sign beside a field in which a limit is written. */
export function unitSign(unit: Unit): string {
  return { ratio: "%", percent: "%", times: "×", seconds: "s", count: "" }[unit] ?? "";
}

/** Reads limits as people write them, `3, 4.5 8`; null when one of them is none. */
export function parseLimits(text: string, unit: Unit): number[] | null {
  const words = text.split(/[\s,;%×]+/).filter(Boolean);
  const numbers = words.map(Number);
  if (!numbers.every(Number.isFinite)) return null;
  // What is shown in percent is written in percent. Rounded: 7 / 100 is not quite 0.07 in every case.
  return unit === "ratio" ? numbers.map((number) => Number((number / 100).toPrecision(12))) : numbers;
}

/** `62 % (8 of 13; 36–82 %)`; unknown as long as nobody has said. */
export function shareText({ k, n, value, lo, hi }: Share): string {
  if (value === null || n === 0) return t.shared.unknown;
  const bounds = `${(lo * 100).toFixed(0)}–${(hi * 100).toFixed(0)}${THIN_SPACE}%`;
  return `${percent(value)} ${t.shared.shares.of(integer(k), integer(n), bounds)}`;
}

/** `4 min, 90 % within 12 min (7)`. */
export function spreadText({ median_s, p90_s, n }: Spread): string {
  if (median_s === null || n === 0) return "–";
  const median = seconds(median_s);
  return p90_s === null || n === 1
    ? `${median} (${n})`
    : `${median}, ${t.shared.shares.within(`90${THIN_SPACE}%`, seconds(p90_s))} (${n})`;
}
