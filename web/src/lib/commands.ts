// What the palette finds: pages, windows, ways to look, places.

import { folded, type Findable } from "./fuzzy";
import type { Index } from "./geometry";
import type { Place } from "./places";
import { PAGES, pathOf } from "./routes";
import { t } from "./texts";
import type { UrlState } from "./url-state";

export interface Command extends Findable {
  readonly label: string;
  readonly kind: string;
  /** Where it goes: an address of another page, or a change of the map. */
  readonly to: string | Partial<UrlState> | "theme" | "help";
}

function command(label: string, kind: string, to: Command["to"], more = ""): Command {
  return { label, kind, to, text: folded(`${label} ${more}`) };
}

const { palette, pages } = t.shared;

type Named = { readonly [Name in keyof typeof palette]: (typeof palette)[Name] extends string[] ? Name : never };

function look(name: Named[keyof Named], kind: keyof typeof palette.kinds, to: Command["to"]): Command {
  const [label = "", more] = palette[name];
  return command(label, palette.kinds[kind], to, more);
}

/** The few that are there before anything is typed come first. */
export function commandsOf(index: Index | null): Command[] {
  const all = PAGES.map((name) => command(pages[name], palette.kinds.page, pathOf(name), name));
  return [...all, ...LOOKS, ...(index ? placesOf(index) : [])];
}

const LOOKS: readonly Command[] = [
  look("day", "window", { view: "day", window: null }),
  look("hour", "window", { view: "hour", window: null }),
  look("week", "window", { view: "week", window: null }),
  look("difference", "window", { view: "difference", window: null }),
  look("rate", "metric", { metric: "rate" }),
  look("count", "metric", { metric: "count" }),
  look("surprise", "metric", { metric: "surprise" }),
  look("map", "view", { as: "map" }),
  look("treemap", "view", { as: "treemap" }),
  look("table", "view", { as: "table" }),
  look("theme", "setting", "theme"),
  look("keys", "help", "help"),
];

export function placesOf({ countries, regions }: Index): Command[] {
  const place = (place: Place): Partial<UrlState> => ({ place });
  const world = command(t.map.world, palette.kinds.place, place({ country: null, region: null, city: null }));
  const all = Object.entries(countries).map(([country, { name, english = "" }]) =>
    command(
      name,
      palette.kinds.country,
      place({ country, region: null, city: null }),
      `${country} ${english}`.trim(),
    ),
  );
  const parts = Object.entries(regions).map(([region, name]) => {
    const country = region.slice(0, 2);
    const within = countries[country]?.name ?? country;
    return command(name, palette.regionOf(within), place({ country, region, city: null }), within);
  });
  return [world, ...all, ...parts];
}
