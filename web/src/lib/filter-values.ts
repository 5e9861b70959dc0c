// What there is to filter by.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Answer, Ask } from "./api";
import { FIELDS, paramsOf, type Field, type Filters } from "./filters";
import { folded } from "./fuzzy";
import type { Place } from "./places";
import type { Window } from "./windows";

/** What there is to choose from in a window and a place; each field is counted under the choices of the others. */
export function facetAsk({ from, to }: Window, { country, region }: Place, filters: Filters): Ask {
  return { query: "facet_values", params: { from, to, country, region, ...paramsOf(filters) } };
}

export interface FacetValue {
  readonly field: Field;
  readonly value: string;
  readonly n: number;
  readonly k: number;
}

export function facetValuesOf(answer: Answer): FacetValue[] {
  return rowsOf(answer).flatMap((row) => {
    const field = FIELDS.find((field) => field === textOf(row("facet")));
    const value = textOf(row("value"));
    if (!field || !value) return [];
    return [{ field, value, n: numberOf(row("n")) ?? 0, k: numberOf(row("k")) ?? 0 }];
  });
}

/** Values in which all the words stand, in the order given: the worst first. */
export function matching<T extends { readonly value: string }>(values: readonly T[], query: string): T[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  return values.filter(({ value }) => words.every((word) => folded(value).includes(word)));
}
