// A place is a path: the world, a country, a region of it, a city in that.

import type { Index } from "./geometry";

/** Empty codes mean "all"; a city may stand without a region when its region is not known. */
export interface Place {
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  /** ISO 3166-2. */
  readonly region: string | null;
  readonly city: string | null;
}

export const WORLD: Place = { country: null, region: null, city: null };

/** What the areas of a view are. */
export type Level = "country" | "region" | "city";

const COUNTRY = /^[A-Z]{2}$/;
const REGION = /^[A-Z]{2}-[A-Z0-9]{1,3}$/;
const CITY_CHARS_MAX = 200;

/** Reads `ES/ES-MD/Madrid`; whatever makes no sense is the nearest place that does. */
export function parsePlace(text: string): Place {
  const [country = "", region = "", city = ""] = text.split("/").map(unescapeSegment);
  if (!COUNTRY.test(country)) return WORLD;
  const knownRegion = REGION.test(region) && region.startsWith(`${country}-`);
  if (region && !knownRegion) return { country, region: null, city: null };
  return {
    country,
    region: region || null,
    city: city.slice(0, CITY_CHARS_MAX) || null,
  };
}

/** Writes what `parsePlace` reads. */
export function formatPlace({ country, region, city }: Place): string {
  if (!country) return "";
  const segments = [country, region ?? "", city ?? ""].map(escapeSegment);
  while (segments.at(-1) === "") segments.pop();
  return segments.join("/");
}

/** City names may hold a slash; a percent sign in front keeps it apart from the path's. */
function escapeSegment(segment: string): string {
  return segment.replace(/%/g, "%25").replace(/\//g, "%2F");
}

function unescapeSegment(segment: string): string {
  return segment.replace(/%2F/gi, "/").replace(/%25/g, "%");
}

export function isSamePlace(a: Place, b: Place): boolean {
  return a.country === b.country && a.region === b.region && a.city === b.city;
}

/** One step up, as Esc goes; the world has none. */
export function parentOf(place: Place): Place | null {
  if (place.city) return { ...place, city: null };
  if (place.region) return { ...place, region: null };
  if (place.country) return WORLD;
  return null;
}

/** The steps from the world down to the place, both included. */
export function trail(place: Place): Place[] {
  const steps: Place[] = [];
  for (let step: Place | null = place; step; step = parentOf(step)) steps.unshift(step);
  return steps;
}

/** What a place is divided into; countries without regions go straight to cities. */
export function levelOf(place: Place, hasRegions: (country: string) => boolean): Level {
  if (!place.country) return "country";
  if (!place.region && hasRegions(place.country)) return "region";
  return "city";
}

/** What a place is called; nothing for the world. */
export function placeName({ country, region, city }: Place, index: Index | null): string {
  if (city) return city;
  if (region) return index?.regions[region] ?? region;
  return country ? (index?.countries[country]?.name ?? country) : "";
}
