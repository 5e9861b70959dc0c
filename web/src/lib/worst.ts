// What stands out among the countries, hosts or paths of a window.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Answer } from "./api";
import { ENOUGH, RATE, stepOf } from "./scales";

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
  const all = rowsOf(answer).flatMap((row): Worst[] => {
    const [n, k] = [numberOf(row("n")) ?? 0, numberOf(row("k")) ?? 0];
    if (n === 0 || k === 0) return [];
    const lo = numberOf(row("lo"));
    return [
      {
        value: textOf(row(column)),
        n,
        k,
        rate: k / n,
        lo,
        hi: numberOf(row("hi")),
        excess: numberOf(row("excess")) ?? k - n * (overall ?? 0),
        step: stepOf(RATE, k / n),
        few: n < ENOUGH,
        clear: overall !== null && lo !== null && lo > overall,
      },
    ];
  });
  return all.sort((a, b) => b.excess - a.excess || b.n - a.n).slice(0, max);
}

/** One end for the bars of a list; the wide intervals of few requests must not flatten the others. */
export function widest(rows: readonly Worst[]): number {
  const enough = rows.filter(({ few }) => !few);
  return Math.max(0.01, ...(enough.length > 0 ? enough : rows).map(({ hi }) => hi ?? 0));
}
