// Spans of time as the server reads them, `30s` or `2h`.

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Null for what is no such span; the smallest is a second. */
export function spanSeconds(text: string): number | null {
  const [, n, unit] = /^([1-9]\d{0,6})([smhdw])$/.exec(text) ?? [];
  return unit === undefined ? null : Number(n) * (SECONDS[unit] ?? 0);
}
