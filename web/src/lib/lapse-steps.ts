// The parts of a time-lapse. What asks for them comes when somebody plays one.

import type { Window } from "./windows";

export const STEPS = 24;

/** By when it happened, or by when the line came in. */
export type TimeOf = "ts" | "observed_ts";

export function stepWindow({ from, to }: Window, step: number): Window {
  const length = Math.ceil((to - from) / STEPS);
  return { from: from + step * length, to: Math.min(to, from + (step + 1) * length) };
}
