// Which parts of a country lie together. Far parts (the Canaries, Hawaii) get a frame of their own, or the
// mainland would shrink to make room for ocean.

import { geoArea, geoCentroid, geoDistance } from "d3-geo";
import type { Polygon, Position } from "geojson";
import type { Shape } from "./geometry";

/** One ring with its holes, and whose it is. */
export interface Part {
  readonly id: string | null;
  readonly polygon: Polygon;
}

export interface Cluster {
  readonly parts: readonly Part[];
  readonly area: number;
}

/** Parts at most 700 km apart lie together: more than Corsica or Svalbard, less than Alaska or Madeira. */
const GAP_MAX = 700 / 6371;
const SAMPLES_MAX = 16;
/** Far parts smaller than this share of the main one are too small to see even in a frame. */
const SHARE_MIN = 0.0005;
const CLUSTERS_MAX = 4;

/** The largest first; the others are far from it. */
export function clustersOf(shapes: readonly Shape[]): Cluster[] {
  const nodes = shapes.flatMap(partsOf).map((part) => new Node(part));
  nodes.sort((a, b) => b.area - a.area);
  for (const [idx, node] of nodes.entries()) {
    for (const other of nodes.slice(0, idx)) {
      if (node.root() !== other.root() && node.isNear(other)) node.root().parent = other.root();
    }
  }
  const groups = groupByRoot(nodes);
  const clusters = [...groups.values()].map((group) => ({
    parts: group.map((node) => node.part),
    area: group.reduce((sum, node) => sum + node.area, 0),
  }));
  clusters.sort((a, b) => b.area - a.area);
  const largest = clusters[0]?.area ?? 0;
  return clusters.filter((cluster) => cluster.area >= largest * SHARE_MIN).slice(0, CLUSTERS_MAX);
}

export function partsOf({ id, feature }: Shape): Part[] {
  const { geometry } = feature;
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((coordinates) => ({ id, polygon: { type: "Polygon", coordinates } }));
}

class Node {
  parent: Node | null = null;
  readonly area: number;
  readonly #centre: [number, number];
  readonly #reach: number;
  readonly #samples: Position[];

  constructor(readonly part: Part) {
    const ring = part.polygon.coordinates[0] ?? [];
    const every = Math.max(1, Math.ceil(ring.length / SAMPLES_MAX));
    this.area = geoArea(part.polygon);
    this.#centre = geoCentroid(part.polygon);
    this.#samples = ring.filter((_, idx) => idx % every === 0);
    this.#reach = Math.max(0, ...this.#samples.map((point) => distance(this.#centre, point)));
  }

  root(): Node {
    let node: Node = this;
    while (node.parent) node = node.parent;
    return node;
  }

  isNear(other: Node): boolean {
    const apart = distance(this.#centre, other.#centre) - this.#reach - other.#reach;
    if (apart > GAP_MAX) return false;
    return this.#samples.some((a) => other.#samples.some((b) => distance(a, b) <= GAP_MAX));
  }
}

function distance(a: Position, b: Position): number {
  return geoDistance(a as [number, number], b as [number, number]);
}

function groupByRoot(nodes: readonly Node[]): Map<Node, Node[]> {
  const groups = new Map<Node, Node[]>();
  for (const node of nodes) {
    const group = groups.get(node.root());
    if (group) group.push(node);
    else groups.set(node.root(), [node]);
  }
  return groups;
}
