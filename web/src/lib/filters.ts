// What requests the map, the times and the overview count: those of one service, host, path or network. The address, the
// saved queries and the columns call the four the same.

import { plain } from "./format";
import { WORLD, formatPlace, parsePlace, type Place } from "./places";
import { pathOf, type PageName } from "./routes";
import { t } from "./texts";

/** In the order in which people narrow down. */
export const FIELDS = ["service", "host", "path", "as_org"] as const;
export type Field = (typeof FIELDS)[number];

/** One value a field; a field that is absent is not asked for. */
export type Filters = Readonly<Partial<Record<Field, string>>>;

export const ALL: Filters = {};

/** A longer value would make an address that not every proxy lets through. */
const CHARS_MAX = 1000;

/** Reads the query part of an address; several values of a field are a choice that only the lines know. */
export function parseFilters(params: URLSearchParams): Filters {
  return Object.fromEntries(
    FIELDS.flatMap((field) => {
      const values = params.getAll(field);
      const value = values.length === 1 ? values[0] : "";
      return value && value.length <= CHARS_MAX ? [[field, value]] : [];
    }),
  );
}

/** The same filters as parameters, of an address or of a saved query, in one order. */
export function paramsOf(filters: Filters): Record<string, string> {
  return Object.fromEntries(
    FIELDS.flatMap((field) => {
      const value = filters[field];
      return value === undefined ? [] : [[field, value]];
    }),
  );
}

/** What tells filters apart. */
export function keyOf(filters: Filters): string {
  return JSON.stringify(paramsOf(filters));
}

/** What is filtered by, in order. */
export function chosenOf(filters: Filters): { readonly field: Field; readonly value: string }[] {
  return FIELDS.flatMap((field) => {
    const value = filters[field];
    return value === undefined ? [] : [{ field, value }];
  });
}

/** Whether it is less than all requests: such a part may well be quiet for a while. */
export function isPart({ country }: Place, filters: Filters): boolean {
  return country !== null || chosenOf(filters).length > 0;
}

export function without(filters: Filters, field: Field): Filters {
  const { [field]: _, ...others } = filters;
  return others;
}

/** The facets of the lines that are these filters. */
export function facetsOf(filters: Filters): Partial<Record<Field, readonly string[]>> {
  return Object.fromEntries(chosenOf(filters).map(({ field, value }) => [field, [value]]));
}

/** Pages that count the same requests; and those of them that know places. */
const FILTERED: readonly PageName[] = ["overview", "map", "time", "lines"];
const PLACED: readonly PageName[] = ["map", "time"];

/** The address of a page that goes on with what the address of this one asks for. */
export function pageAfter(to: PageName, from: PageName, search: string): string {
  // The link to the page itself begins anew with its windows and views, not with other requests.
  if (!FILTERED.includes(to) || !FILTERED.includes(from)) return pathOf(to);
  const params = new URLSearchParams(search);
  const place = to === from ? WORLD : placeIn(params, from);
  const where = to === "lines" ? { country: place.country } : { place: PLACED.includes(to) ? formatPlace(place) : null };
  return pathOf(to, null, { ...where, ...paramsOf(parseFilters(params)) });
}

/** Lines know no place but a choice of countries. */
function placeIn(params: URLSearchParams, page: PageName): Place {
  const countries = params.getAll("country");
  if (page === "lines") return countries.length === 1 ? parsePlace(countries[0] ?? "") : WORLD;
  return PLACED.includes(page) ? parsePlace(params.get("place") ?? "") : WORLD;
}

/** What is filtered by, in words. */
export function filterText(filters: Filters): string {
  const { fields } = t.shared.filter;
  return chosenOf(filters)
    .map(({ field, value }) => `${fields[field]}: ${plain(value)}`)
    .join("; ");
}
