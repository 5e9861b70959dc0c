// Wall clocks: what a clock in a zone shows at a moment, and the moment at which it does.

import { t } from "./texts";

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    const digits = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
    format = new Intl.DateTimeFormat("en-US", { ...digits, ...time, timeZone: zone });
    formats.set(zone, format);
  }
  return format;
}

/** `2026-11-23T20:00:00`, without a zone. */
export function wall(ms: number, zone: string): string {
  if (zone === "UTC") return new Date(ms).toISOString().slice(0, 19);
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? "";
  const date = `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
  return `${date}T${part("hour")}:${part("minute")}:${part("second")}`;
}

/**
 * The moment at which the clock shows that. Of the hour that comes twice in autumn it is the first; of the hour that
 * spring leaves out it is one hour on.
 */
export function moment(text: string, zone: string): number {
  const asUtc = Date.parse(`${text}Z`);
  if (zone === "UTC" || Number.isNaN(asUtc)) return asUtc;
  const offset = (ms: number) => Date.parse(`${wall(ms, zone)}Z`) - Math.floor(ms / 1000) * 1000;
  const DAY = 86_400_000;
  // The offset is that of the day before or of the day after, unless the clock never shows it.
  const [before, after] = [offset(asUtc - DAY), offset(asUtc + DAY)];
  for (const guess of [asUtc - Math.max(before, after), asUtc - Math.min(before, after)]) {
    if (wall(guess, zone) === new Date(asUtc).toISOString().slice(0, 19)) return guess;
  }
  return asUtc - before;
}

/** Zones that the browser does not know are read as UTC. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** `Madrid time`, as people call it. */
export function zoneTitle(zone: string): string {
  if (zone === "UTC") return zone;
  return t.shared.zoneTime(zoneCity(zone));
}

/** The place that a zone is called after. */
export function zoneCity(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replace(/_/g, " ");
}
