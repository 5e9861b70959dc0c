// What requests the map, the times and the overview count: those of one service, host, path or network. The address, the
// saved queries and the columns call the four the same.

import { plain } from "./format";
import { WORLD, formatPlace, parsePlace, type Place } from "./places";
import { formatRoute, pathOf, type PageName } from "./routes";
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

/** What the pages have in common of what one chose last. A window that moves with the clock is each page's own. */
export interface Shared {
  readonly from: string | null;
  readonly to: string | null;
  readonly place: Place;
  readonly filters: Filters;
}

export const NOTHING: Shared = { from: null, to: null, place: WORLD, filters: ALL };

/** What is chosen once a page is seen in a state. What the page does not know stays. */
export function sharedBy(page: PageName, search: string, before: Shared): Shared {
  if (!FILTERED.includes(page)) return before;
  const params = new URLSearchParams(search);
  const place = placeIn(params, page, before.place);
  return { from: params.get("from"), to: params.get("to"), place, filters: parseFilters(params) };
}

/** Lines know no place but a choice of countries. */
function placeIn(params: URLSearchParams, page: PageName, before: Place): Place {
  if (PLACED.includes(page)) return parsePlace(params.get("place") ?? "");
  if (page !== "lines") return before;
  const countries = params.getAll("country");
  const place = countries.length === 1 ? parsePlace(countries[0] ?? "") : WORLD;
  return place.country === before.country ? before : place;
}

/** The address of a page: as one left it, `left` being its query part, but with what was chosen elsewhere since. */
export function pageAfter(to: PageName, from: PageName, { place, filters, ...window }: Shared, left = ""): string {
  if (!FILTERED.includes(to)) return pathOf(to);
  // The link to the page itself begins anew with its windows and views, not with other requests.
  const isNew = to === from;
  const params = new URLSearchParams(isNew ? "" : left);
  const where = to === "lines" ? { country: place.country } : PLACED.includes(to) ? { place: formatPlace(place) } : {};
  const chosen: Record<string, string | null> = { ...(!isNew && { ...window, ...where }), ...paramsOf(filters) };
  for (const name of [...FIELDS, ...Object.keys(chosen)]) {
    const value = chosen[name];
    if (value) params.set(name, value);
    // Several values are a choice of the lines that no other page knows.
    else if (params.getAll(name).length < 2) params.delete(name);
  }
  const query = params.toString();
  return formatRoute({ page: to, id: null, search: query && `?${query}` });
}

/** What is filtered by, in words. */
export function filterText(filters: Filters): string {
  const { fields } = t.shared.filter;
  return chosenOf(filters)
    .map(({ field, value }) => `${fields[field]}: ${plain(value)}`)
    .join("; ");
}
