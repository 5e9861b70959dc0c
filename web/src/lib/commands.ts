// What the palette finds: pages, windows, ways to look, places.

import { folded, type Findable } from "./fuzzy";
import type { Index } from "./geometry";
import type { Place } from "./places";
import { PAGES, pathOf } from "./routes";
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

/** The few that are there before anything is typed come first. */
export function commandsOf(index: Index | null): Command[] {
  const title = (name: string) =>
    name.length <= 3 ? name.toUpperCase() : name[0]?.toUpperCase() + name.slice(1);
  const pages = PAGES.map((name) => command(name === "map" ? "Map" : title(name), "page", pathOf(name)));
  return [...pages, ...LOOKS, ...(index ? placesOf(index) : [])];
}

const LOOKS: readonly Command[] = [
  command("The day", "window", { view: "day", window: null }, "24 hours"),
  command("Last hour", "window", { view: "hour", window: null }, "60 minutes"),
  command("The same hour a week ago", "window", { view: "week", window: null }, "last week"),
  command("Difference to the hours before", "window", { view: "difference", window: null }, "compare"),
  command("Rate", "metric", { metric: "rate" }, "share percent"),
  command("Count", "metric", { metric: "count" }, "number errors"),
  command("Surprise", "metric", { metric: "surprise" }, "baseline"),
  command("As a map", "view", { as: "map" }),
  command("As a treemap", "view", { as: "treemap" }, "voronoi"),
  command("As a table", "view", { as: "table" }),
  command("Light or dark colours", "setting", "theme", "theme"),
  command("All keys", "help", "help", "shortcuts keyboard"),
];

function placesOf({ countries, regions }: Index): Command[] {
  const place = (place: Place): Partial<UrlState> => ({ place });
  const world = command("World", "place", place({ country: null, region: null, city: null }));
  const all = Object.entries(countries).map(([country, { name }]) =>
    command(name, "country", place({ country, region: null, city: null }), country),
  );
  const parts = Object.entries(regions).map(([region, name]) => {
    const country = region.slice(0, 2);
    const within = countries[country]?.name ?? country;
    return command(name, `region of ${within}`, place({ country, region, city: null }), within);
  });
  return [world, ...all, ...parts];
}
