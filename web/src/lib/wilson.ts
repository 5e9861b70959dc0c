// How sure a share is.

/** The 95 % interval of a share, as the server's `wilson_low` and `wilson_high`. */
export function wilson(k: number, n: number): { lo: number | null; hi: number | null } {
  if (n === 0) return { lo: null, hi: null };
  const z = 1.959964;
  const middle = k / n + (z * z) / (2 * n);
  const half = z * Math.sqrt(((k / n) * (1 - k / n)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return { lo: Math.max(0, (middle - half) / scale), hi: Math.min(1, (middle + half) / scale) };
}
