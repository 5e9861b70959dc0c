// What the server is asked for a state of the view.

import type { Ask } from "./api";
import { ALL, paramsOf, type Filters } from "./filters";
import type { Level, Place } from "./places";
import { bucketSeconds, type Window, type Windows } from "./windows";

export interface Plan {
  /** The areas of the map, which are the rows of the table. */
  readonly cells: Ask;
  /** Bubbles over areas; null where the cities are the areas. */
  readonly cities: Ask | null;
  readonly series: Ask;
  readonly hosts: Ask;
}

export function planOf(
  level: Level,
  place: Place,
  { window, base, context }: Windows,
  filters: Filters = ALL,
): Plan {
  const kind = base ? "change" : "errors";
  const only = paramsOf(filters);
  const before = base ? { base_from: base.from, base_to: base.to } : {};
  const bucket_s = bucketSeconds(context);
  const { country, region, city } = place;
  const scope = { country: {}, region: { country }, city: { country, region } }[level];
  return {
    cells: { query: `${kind}_by_${level}`, params: { ...bounds(window), ...before, ...scope, ...only } },
    cities: level === "city" ? null : { query: `${kind}_by_city`, params: { ...bounds(window), ...before, country, region, ...only } },
    series: { query: "errors_over_time", params: { ...bounds(context), bucket_s, country, region, city, ...only } },
    hosts: { query: "host_load", params: { ...bounds(context), bucket_s } },
  };
}

function bounds({ from, to }: Window): { from: number; to: number } {
  return { from, to };
}
