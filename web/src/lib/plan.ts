// What the server is asked for a state of the view.

import type { Ask } from "./api";
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

export function planOf(level: Level, place: Place, { window, base, context }: Windows): Plan {
  const kind = base ? "change" : "errors";
  const span = base ? { ...bounds(window), base_from: base.from, base_to: base.to } : bounds(window);
  const bucket_s = bucketSeconds(context);
  const { country, region, city } = place;
  const scope = { country: {}, region: { country }, city: { country, region } }[level];
  return {
    cells: { query: `${kind}_by_${level}`, params: { ...span, ...scope } },
    cities: level === "city" ? null : { query: `${kind}_by_city`, params: { ...span, country, region } },
    series: { query: "errors_over_time", params: { ...bounds(context), bucket_s, country, region, city } },
    hosts: { query: "host_load", params: { ...bounds(context), bucket_s } },
  };
}

function bounds({ from, to }: Window): { from: number; to: number } {
  return { from, to };
}
