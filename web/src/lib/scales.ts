// From a number to one of a few colour steps. Thresholds are fixed: the same colour means the same everywhere,
// at any time and after any refresh.

/** Fewer requests than this are hatched: too few to say. The shrinkage in the queries has the same weight. */
export const ENOUGH = 200;

export interface Scale {
  /** Prefix of the CSS variables `--<name>-<step>`. */
  readonly name: "rate" | "change";
  /** Step i holds what is at least thresholds[i - 1] and below thresholds[i]. */
  readonly thresholds: readonly number[];
}

export const RATE: Scale = { name: "rate", thresholds: [0.001, 0.005, 0.01, 0.02, 0.05] };
export const COUNT: Scale = { name: "rate", thresholds: [1, 10, 100, 1_000, 10_000] };
export const CHANGE: Scale = { name: "change", thresholds: [-0.02, -0.005, -0.001, 0.001, 0.005, 0.02] };
/** How many standard errors a rate is off its own baseline; 2.58 is one chance in a hundred. */
export const SURPRISE: Scale = { name: "change", thresholds: [-10, -5, -2.58, 2.58, 5, 10] };
/** Errors an hour more or fewer. */
export const COUNT_CHANGE: Scale = { name: "change", thresholds: [-100, -10, -1, 1, 10, 100] };

/** The step of a value, 0 first. */
export function stepOf(scale: Scale, value: number): number {
  return scale.thresholds.filter((threshold) => value >= threshold).length;
}

/** Radius of a bubble whose area is its count. */
export function radius(n: number, largest: number, max: number): number {
  if (n <= 0 || largest <= 0) return 0;
  return Math.sqrt(n / largest) * max;
}
