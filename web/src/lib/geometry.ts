// The outlines of countries and regions, as the server ships them. Each file is loaded once.

import type { Feature, MultiLineString, MultiPolygon, Polygon } from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, GeometryObject, Topology } from "topojson-specification";
import { Failure } from "./api";
import { language, t } from "./texts";

export interface Country {
  /** In the language of the person, as far as the browser knows it. */
  readonly name: string;
  /** As the server calls it, where that is another name. */
  readonly english?: string;
  readonly lat: number;
  readonly lon: number;
  /** Whether it has a file of regions. */
  readonly admin1: boolean;
  /** False when it is too small for an outline: a dot stands for it. */
  readonly shape?: boolean;
  /** Of the capital or of most people, in the names of the IANA. */
  readonly zone?: string;
}

export interface Index {
  readonly countries: Readonly<Record<string, Country>>;
  readonly regions: Readonly<Record<string, string>>;
}

export interface Shape {
  /** Null for an area of no agreed code. */
  readonly id: string | null;
  readonly name: string;
  readonly feature: Feature<Polygon | MultiPolygon>;
}

export interface Shapes {
  readonly all: readonly Shape[];
  /** Lines between areas. */
  readonly inner: MultiLineString;
  /** Lines around them. */
  readonly outer: MultiLineString;
}

const files = new Map<string, Promise<unknown>>();

function load<T>(path: string): Promise<T> {
  const known = files.get(path) ?? fetchFile(path);
  files.set(path, known);
  // A file that failed may come the next time.
  known.catch(() => files.delete(path));
  return known as Promise<T>;
}

async function fetchFile(path: string): Promise<unknown> {
  const response = await fetch(`/geo/${path}`).catch(() => null);
  if (response?.ok) return response.json();
  throw new Failure(response?.status ?? 0, "no_geometry", t.shared.failures.outlines(path), null);
}

let index: Index | null = null;

export async function loadIndex(): Promise<Index> {
  const asShipped = await load<Index>("index.json");
  return (index ??= { ...asShipped, countries: namedIn(language, asShipped.countries) });
}

/** The countries by their names in a language. Of regions only the server knows names. Exported for its test. */
export function namedIn(language: string, countries: Index["countries"]): Index["countries"] {
  if (language === "en") return countries;
  const names = new Intl.DisplayNames(language, { type: "region", fallback: "none" });
  return Object.fromEntries(
    Object.entries(countries).map(([code, country]) => {
      const name = names.of(code) ?? country.name;
      return [code, name === country.name ? country : { ...country, name, english: country.name }];
    }),
  );
}

const shapes = new Map<string, Shapes>();

export async function loadWorld(): Promise<Shapes> {
  return decoded("world.json", "countries");
}

export async function loadRegions(country: string): Promise<Shapes> {
  return decoded(`admin1/${country}.json`, "regions");
}

async function decoded(path: string, object: string): Promise<Shapes> {
  const topology = await load<Topology>(path);
  const known = shapes.get(path) ?? decode(topology, object);
  shapes.set(path, known);
  return known;
}

type Named = GeometryCollection<{ name?: string }>;

/** Exported for its test. */
export function decode(topology: Topology, object: string): Shapes {
  const collection = topology.objects[object] as Named;
  const areas = feature(topology, collection).features;
  const line = (keep: (a: GeometryObject, b: GeometryObject) => boolean) => mesh(topology, collection, keep);
  return {
    all: areas
      .filter((area) => area.geometry !== null)
      .map((area) => ({
        id: area.id === undefined ? null : String(area.id),
        name: area.properties?.name ?? "",
        feature: area as Feature<Polygon | MultiPolygon>,
      })),
    inner: line((a, b) => a !== b),
    outer: withoutSeam(line((a, b) => a === b)),
  };
}

/** Drops the cuts along the 180th meridian and around the pole: they are no coast. */
function withoutSeam(lines: MultiLineString): MultiLineString {
  const isSeam = ([lon = 0, lat = 0]: number[]) => Math.abs(lon) > 179.98 || lat < -89.9;
  const coordinates = lines.coordinates.flatMap((line) => {
    const pieces: number[][][] = [[]];
    for (const [idx, point] of line.entries()) {
      const next = line[idx + 1];
      pieces.at(-1)?.push(point);
      if (next && isSeam(point) && isSeam(next)) pieces.push([]);
    }
    return pieces.filter((piece) => piece.length > 1);
  });
  return { type: "MultiLineString", coordinates };
}
