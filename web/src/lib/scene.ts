// Outlines to paths on a canvas of a given size. Equal-area projections throughout: a large patch of colour is a
// large patch of land.

import {
  geoAzimuthalEqualArea,
  geoCentroid,
  geoCircle,
  geoDistance,
  geoEqualEarth,
  geoPath,
  type GeoPermissibleObjects,
  type GeoProjection,
} from "d3-geo";
import type { MultiLineString, MultiPolygon } from "geojson";
import { clustersOf, type Cluster, type Part } from "./clusters";
import type { Country, Shape, Shapes } from "./geometry";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Area {
  readonly id: string | null;
  readonly name: string;
  readonly path: string;
  /** Drawn for orientation only. */
  readonly isContext: boolean;
}

/** Stands for an area too small to see or to hit. */
export interface Dot {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** A frame with a projection of its own. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Scene {
  readonly size: Size;
  readonly sphere: string | null;
  readonly areas: readonly Area[];
  readonly dots: readonly Dot[];
  readonly coast: string;
  readonly borders: string;
  readonly frames: readonly Frame[];
  /** Null when the point is outside the picture. */
  readonly project: (lon: number, lat: number) => readonly [number, number] | null;
}

const PADDING = 14;
const SAMPLES_MAX = 300;
/** Areas smaller than this, in pixels across, get a dot. */
const VISIBLE_PX = 5;
/** The inhabited world: its corners decide the scale, so that the Antarctic does not. */
const WORLD_CORNERS: GeoPermissibleObjects = {
  type: "MultiPoint",
  coordinates: [
    [-160, 0],
    [-168, 66],
    [-60, 82],
    [60, 81],
    [186, 66],
    [179, -38],
    [178, -46],
    [-68, -56],
  ],
};

export function worldScene(
  shapes: Shapes,
  countries: Readonly<Record<string, Country>>,
  seen: ReadonlySet<string>,
  size: Size,
): Scene {
  const projection = geoEqualEarth().rotate([-11, 0]).fitExtent(extent(size, 6), WORLD_CORNERS);
  const path = geoPath(projection).digits(1);
  const draw = (object: GeoPermissibleObjects) => path(object) ?? "";
  const shown = shapes.all.filter((shape) => shape.id !== "AQ" || seen.has("AQ"));
  const dots: Dot[] = [];
  const place = (id: string, name: string, lon: number, lat: number) => {
    const point = projection([lon, lat]);
    if (point) dots.push({ id, name, x: point[0], y: point[1] });
  };
  for (const { id, name, feature } of shown) {
    if (id === null || !seen.has(id)) continue;
    const [[left, top], [right, bottom]] = path.bounds(feature);
    const country = countries[id];
    if (Math.max(right - left, bottom - top) >= VISIBLE_PX) continue;
    const [lon, lat] = country ? [country.lon, country.lat] : geoCentroid(feature);
    place(id, name, lon, lat);
  }
  for (const [id, country] of Object.entries(countries)) {
    if (country.shape === false && seen.has(id)) place(id, country.name, country.lon, country.lat);
  }
  return {
    size,
    sphere: draw({ type: "Sphere" }),
    areas: shown.map(({ id, name, feature }) => ({ id, name, path: draw(feature), isContext: id === null })),
    dots,
    coast: draw(seen.has("AQ") ? shapes.outer : withoutAntarctica(shapes.outer)),
    borders: draw(shapes.inner),
    frames: [],
    project: (lon, lat) => projection([lon, lat]),
  };
}

function withoutAntarctica(lines: MultiLineString): MultiLineString {
  const coordinates = lines.coordinates.filter((line) => line.some(([, lat = 0]) => lat > -60));
  return { ...lines, coordinates };
}

/** A country by its regions, with far parts in frames. */
export function countryScene(shapes: Shapes, size: Size): Scene {
  const clusters = clustersOf(shapes.all);
  const [main, ...far] = clusters;
  if (!main) return emptyScene(size);
  const frames = far.map((_, idx) => frameAt(idx, far.length, size));
  const panes = [
    mainPane(main, frames, size),
    ...far.map((cluster, idx) => new Pane(cluster, inside(frames[idx] ?? frameAt(idx, far.length, size)))),
  ];
  const areas = shapes.all.map(({ id, name }) => ({
    id,
    name,
    path: panes.map((pane) => pane.pathOf(id)).join(""),
    isContext: false,
  }));
  const first = panes[0] as Pane;
  return {
    size,
    sphere: null,
    areas,
    dots: [],
    // Frames have outlines of their own parts; shared lines are drawn where the mainland is.
    coast:
      first.draw(shapes.outer) +
      panes
        .slice(1)
        .map((pane) => pane.draw(pane.outline))
        .join(""),
    borders: first.draw(shapes.inner),
    frames,
    project: (lon, lat) => nearest(panes, [lon, lat]).project(lon, lat),
  };
}

/** One area with its neighbours around it, for orientation. */
export function areaScene(shapes: Shapes, id: string, size: Size): Scene {
  const own = shapes.all.filter((shape) => shape.id === id);
  const [main] = clustersOf(own);
  if (!main) return emptyScene(size);
  const pane = new Pane(main, extent(size, PADDING * 2));
  const isNear = ({ feature }: Shape) => geoDistance(geoCentroid(feature), pane.centre) < 1;
  const areas = shapes.all
    .filter((shape) => shape.id === id || isNear(shape))
    .map((shape) => ({
      id: shape.id,
      name: shape.name,
      path: pane.draw(shape.feature),
      isContext: shape.id !== id,
    }));
  return {
    size,
    sphere: null,
    areas,
    dots: [],
    coast: own.map(({ feature }) => pane.draw(feature)).join(""),
    borders: pane.draw(shapes.inner),
    frames: [],
    project: pane.project,
  };
}

/** A country without an outline: half a degree around its point. */
export function pointScene(country: Country, size: Size): Scene {
  const around = geoCircle().center([country.lon, country.lat]).radius(0.5)();
  const projection = geoAzimuthalEqualArea()
    .rotate([-country.lon, -country.lat])
    .fitExtent(extent(size, PADDING), around);
  return { ...emptyScene(size), project: (lon, lat) => projection([lon, lat]) };
}

export function emptyScene(size: Size): Scene {
  return { size, sphere: null, areas: [], dots: [], coast: "", borders: "", frames: [], project: () => null };
}

/** A cluster in its rectangle. */
class Pane {
  readonly outline: MultiPolygon;
  readonly centre: [number, number];
  readonly #parts: readonly Part[];
  readonly #samples: [number, number][];
  readonly #projection: GeoProjection;
  readonly draw: (object: GeoPermissibleObjects) => string;

  constructor(cluster: Cluster, box: [[number, number], [number, number]]) {
    this.#parts = cluster.parts;
    this.outline = polygonOf(cluster.parts);
    const corners = cluster.parts.flatMap((part) => part.polygon.coordinates[0] ?? []);
    const every = Math.ceil(corners.length / SAMPLES_MAX);
    this.#samples = corners.filter((_, idx) => idx % every === 0) as [number, number][];
    this.centre = geoCentroid(this.outline);
    const [lon, lat] = this.centre;
    this.#projection = geoAzimuthalEqualArea().rotate([-lon, -lat]).fitExtent(box, this.outline);
    const path = geoPath(this.#projection).digits(1);
    this.draw = (object) => path(object) ?? "";
  }

  pathOf(id: string | null): string {
    return this.draw(polygonOf(this.#parts.filter((part) => part.id === id)));
  }

  readonly project = (lon: number, lat: number): [number, number] | null => this.#projection([lon, lat]);

  get scale(): number {
    return this.#projection.scale();
  }

  /** Whether anything lies left of and below the point. */
  covers(x: number, y: number): boolean {
    const corners = this.#parts.flatMap((part) => part.polygon.coordinates[0] ?? []);
    return corners.some(([lon = 0, lat = 0]) => {
      const [cornerX, cornerY] = this.project(lon, lat) ?? [x, y];
      return cornerX < x && cornerY > y;
    });
  }

  /** About how far a point is from the nearest of its corners; clusters are hundreds of kilometres apart. */
  distance(point: [number, number]): number {
    return Math.min(...this.#samples.map((corner) => geoDistance(corner, point)));
  }
}

function polygonOf(parts: readonly Part[]): MultiPolygon {
  return { type: "MultiPolygon", coordinates: parts.map((part) => part.polygon.coordinates) };
}

function nearest(panes: readonly Pane[], point: [number, number]): Pane {
  const [first, ...rest] = panes as [Pane, ...Pane[]];
  if (rest.length === 0) return first;
  return rest.reduce((best, pane) => (pane.distance(point) < best.distance(point) ? pane : best), first);
}

function extent({ width, height }: Size, padding: number): [[number, number], [number, number]] {
  return [
    [padding, padding],
    [Math.max(padding + 1, width - padding), Math.max(padding + 1, height - padding)],
  ];
}

/** Frames stand side by side in the lower left corner. */
function frameAt(idx: number, n: number, size: Size): Frame {
  const width = Math.min(190, (size.width * 0.5) / n);
  const height = Math.min(width * 0.62, size.height * 0.28);
  return { x: 10 + idx * (width + 8), y: size.height - height - 10, width, height };
}

/** The mainland where no frame covers it: as it is, right of the frames or above them, whichever is largest. */
function mainPane(main: Cluster, frames: readonly Frame[], size: Size): Pane {
  const [[left, top], [right, bottom]] = extent(size, PADDING);
  const whole = new Pane(main, [
    [left, top],
    [right, bottom],
  ]);
  const [first, last] = [frames[0], frames.at(-1)];
  if (!first || !last || !whole.covers(last.x + last.width, first.y)) return whole;
  const beside = new Pane(main, [
    [last.x + last.width + PADDING, top],
    [right, bottom],
  ]);
  const above = new Pane(main, [
    [left, top],
    [right, first.y - PADDING],
  ]);
  return beside.scale > above.scale ? beside : above;
}

function inside({ x, y, width, height }: Frame): [[number, number], [number, number]] {
  return [
    [x + 8, y + 8],
    [x + width - 8, y + height - 8],
  ];
}
