// Whether one series goes with another, and which of them comes first.

import { localized } from "./format";
import type { Values } from "./series";
import { t } from "./texts";

export interface Lag {
  /** In steps. Positive: the second series comes after the first. */
  readonly steps: number;
  /** Pearson's coefficient at that lag. */
  readonly r: number;
}

/** Fewer pairs than this say nothing. */
const PAIRS_MIN = 10;
/** Below this two series have nothing to do with each other that could be named. */
export const CLEAR_R = 0.5;

/** The lag at which the second series goes best with the first, at most `max` steps either way. */
export function bestLag(first: Values, second: Values, max: number): Lag | null {
  let best: Lag | null = null;
  for (let steps = -max; steps <= max; steps += 1) {
    const r = correlation(first, second, steps);
    if (r === null) continue;
    // Of equal ones the smallest: floating point makes equal ones differ by a hair.
    const gain = best ? r - best.r : Infinity;
    const nearer = best !== null && Math.abs(steps) < Math.abs(best.steps);
    if (gain > 1e-9 || (Math.abs(gain) <= 1e-9 && nearer)) best = { steps, r };
  }
  return best;
}

/** Pearson's coefficient of the pairs that lie so many steps apart; gaps make no pairs. */
function correlation(first: Values, second: Values, steps: number): number | null {
  let [n, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
  // Taken from the first values, so that large ones with small changes stay exact.
  const [zeroA, zeroB] = [first.find(isNumber) ?? 0, second.find(isNumber) ?? 0];
  for (const [idx, value] of first.entries()) {
    const other = second[idx + steps];
    if (value === null || other === null || other === undefined) continue;
    const [a, b] = [value - zeroA, other - zeroB];
    n += 1;
    sumA += a;
    sumB += b;
    sumAA += a * a;
    sumBB += b * b;
    sumAB += a * b;
  }
  if (n < PAIRS_MIN) return null;
  const spread = (n * sumAA - sumA * sumA) * (n * sumBB - sumB * sumB);
  return spread > 1e-9 ? (n * sumAB - sumA * sumB) / Math.sqrt(spread) : null;
}

function isNumber(value: number | null): value is number {
  return value !== null;
}

/** What a lag means, in words; null when nothing is clear. */
export function lagWords(lag: Lag | null, stepMinutes: number): string | null {
  if (!lag || lag.r < CLEAR_R) return null;
  const minutes = Math.abs(lag.steps) * stepMinutes;
  if (minutes === 0) return t.servers.lag.with;
  const much = Number.isInteger(minutes) ? String(minutes) : localized(minutes.toFixed(1));
  return lag.steps > 0 ? t.servers.lag.after(much) : t.servers.lag.before(much);
}
