// What stands out among the countries, hosts, paths or networks of a window.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Answer } from "./api";
import { facetValuesOf } from "./filter-values";
import type { Field } from "./filters";
import { ENOUGH, RATE, stepOf } from "./scales";
import { wilson } from "./wilson";

export interface Worst {
  /** As it is in the data; null where it is not known. */
  readonly value: string | null;
  readonly n: number;
  readonly k: number;
  readonly rate: number;
  readonly lo: number | null;
  readonly hi: number | null;
  /** Errors beyond its share: what it would have at everybody's rate is taken off. */
  readonly excess: number;
  readonly step: number;
  readonly few: boolean;
  /** Whether it clears everybody's rate beyond chance. */
  readonly clear: boolean;
}

export const WORST_MAX = 5;

/** The ones with most errors beyond their share, as the map orders its places. */
export function worstOf(answer: Answer, column: string, overall: number | null, max = WORST_MAX): Worst[] {
  const all = rowsOf(answer).map((row) => ({
    value: textOf(row(column)),
    n: numberOf(row("n")) ?? 0,
    k: numberOf(row("k")) ?? 0,
    lo: numberOf(row("lo")),
    hi: numberOf(row("hi")),
    excess: numberOf(row("excess")),
  }));
  return ordered(all, overall, max);
}

/** The same of a facet, which counts all its values whichever of them is `chosen`. */
export function worstAmong(
  answer: Answer,
  field: Field,
  chosen: string | undefined,
  overall: number | null,
  max = WORST_MAX,
): Worst[] {
  const all = facetValuesOf(answer)
    .filter((one) => one.field === field && (chosen === undefined || one.value === chosen))
    .map(({ value, n, k }) => ({ value, n, k, ...wilson(k, n), excess: null }));
  return ordered(all, overall, max);
}

interface Counted {
  readonly value: string | null;
  readonly n: number;
  readonly k: number;
  readonly lo: number | null;
  readonly hi: number | null;
  readonly excess: number | null;
}

function ordered(all: readonly Counted[], overall: number | null, max: number): Worst[] {
  return all
    .filter(({ n, k }) => n > 0 && k > 0)
    .map((one) => ({
      ...one,
      rate: one.k / one.n,
      excess: one.excess ?? one.k - one.n * (overall ?? 0),
      step: stepOf(RATE, one.k / one.n),
      few: one.n < ENOUGH,
      clear: overall !== null && one.lo !== null && one.lo > overall,
    }))
    .sort((a, b) => b.excess - a.excess || b.n - a.n)
    .slice(0, max);
}

/** One end for the bars of a list; the wide intervals of few requests must not flatten the others. */
export function widest(rows: readonly Worst[]): number {
  const enough = rows.filter(({ few }) => !few);
  return Math.max(0.01, ...(enough.length > 0 ? enough : rows).map(({ hi }) => hi ?? 0));
}
