// The cells of the table as a treemap: area is errors. Who lies near on the globe starts near in the picture.

import type { Cell } from "./cells";
import type { Point, Rect, Site } from "./power";

/** More cells than this cannot be told apart. */
const CELLS_MAX = 250;
/** Nor can a cell with less of the errors than this. */
const SHARE_MIN = 1 / 5000;

/** Where a cell lies, in degrees; null when nobody knows. */
export type PositionOf = (cell: Cell) => readonly [lon: number, lat: number] | null;

export interface Patch {
  readonly key: string;
  /** Null for the patch of all small ones together. */
  readonly cell: Cell | null;
  readonly n: number;
  readonly k: number;
}

export interface Split {
  readonly patches: readonly Patch[];
  /** Cells of the patch without a cell of its own. */
  readonly others: readonly Cell[];
  /** Cells without errors: they have no area. */
  readonly without: readonly Cell[];
}

export const OTHERS = "others";

export function splitOf(cells: readonly Cell[]): Split {
  const withErrors = cells.filter((cell) => cell.k > 0);
  const total = sum(withErrors, "k");
  const bySize = [...withErrors].sort((a, b) => b.k - a.k || (a.key < b.key ? -1 : 1));
  const fits = (cell: Cell, idx: number) => idx < CELLS_MAX - 1 && cell.k >= total * SHARE_MIN;
  let n = bySize.findIndex((cell, idx) => !fits(cell, idx));
  // One left over needs no name for a group.
  if (n < 0 || n === bySize.length - 1) n = bySize.length;
  const others = bySize.slice(n);
  const patches = bySize.slice(0, n).map((cell): Patch => ({ key: cell.key, cell, n: cell.n, k: cell.k }));
  if (others.length > 0) {
    patches.push({ key: OTHERS, cell: null, n: sum(others, "n"), k: sum(others, "k") });
  }
  return { patches, others, without: cells.filter((cell) => cell.k <= 0) };
}

function sum(cells: readonly Cell[], what: "n" | "k"): number {
  return cells.reduce((total, cell) => total + cell[what], 0);
}

/**
 * Where the patches start. Only the order from west to east and from north to south is kept, so that crowded parts of
 * the globe get room; patches of no place start in the lower left corner.
 */
export function sitesOf(patches: readonly Patch[], positionOf: PositionOf, { width, height }: Rect): Site[] {
  const positions = patches.map(({ cell }) => cell && positionOf(cell));
  const xs = ranks(
    patches,
    positions.map((position) => position?.[0] ?? -200),
  );
  const ys = ranks(
    patches,
    positions.map((position) => -(position?.[1] ?? -100)),
  );
  return patches.map(({ k }, idx) => ({
    x: (xs[idx] ?? 0.5) * width,
    y: (ys[idx] ?? 0.5) * height,
    weight: k,
  }));
}

function ranks(patches: readonly Patch[], values: readonly number[]): number[] {
  const key = (idx: number) => patches[idx]?.key ?? "";
  const order = values.map((_, idx) => idx);
  order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || (key(a) < key(b) ? -1 : 1));
  const ranks = new Array<number>(values.length).fill(0);
  for (const [rank, idx] of order.entries()) ranks[idx] = (rank + 0.5) / values.length;
  return ranks;
}

export interface PatchLabel {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly name: string;
  /** False when only the name fits. */
  readonly hasValue: boolean;
}

const CHAR_EM = 0.66;
const LINE_EM = 1.25;
const CHARS_MIN = 4;
const MARGIN_PX = 5;

/** A name as large as its patch allows, cut when most of it fits; null when too little does. */
export function labelOf(name: string, value: string, polygon: readonly Point[]): PatchLabel | null {
  const { x, y, area } = middle(polygon);
  const chars = [...name];
  for (const size of [18, 16, 14, 12.5, 11]) {
    if (size > 11 && size > Math.sqrt(area) / 5) continue;
    for (const hasValue of [true, false]) {
      const half = (size * LINE_EM * (hasValue ? 2 : 1)) / 2;
      const room = chord(polygon, x, y, half) - 2 * MARGIN_PX;
      const fit = Math.floor(room / (size * CHAR_EM));
      if (hasValue && fit < value.length) continue;
      if (fit >= chars.length) return { x, y, size, name, hasValue };
      const isSmallest = size === 11;
      if (isSmallest && fit > CHARS_MIN) {
        return {
          x,
          y,
          size,
          name: `${chars
            .slice(0, fit - 1)
            .join("")
            .trimEnd()}…`,
          hasValue,
        };
      }
    }
  }
  return null;
}

function middle(polygon: readonly Point[]): { x: number; y: number; area: number } {
  let [twice, sx, sy] = [0, 0, 0];
  for (const [idx, [ax, ay]] of polygon.entries()) {
    const [bx, by] = polygon[(idx + 1) % polygon.length] ?? [ax, ay];
    const cross = ax * by - bx * ay;
    twice += cross;
    sx += (ax + bx) * cross;
    sy += (ay + by) * cross;
  }
  if (twice === 0) return { x: polygon[0]?.[0] ?? 0, y: polygon[0]?.[1] ?? 0, area: 0 };
  return { x: sx / (3 * twice), y: sy / (3 * twice), area: Math.abs(twice) / 2 };
}

/** The width around x that a band from y - half to y + half has inside; patches are convex. */
function chord(polygon: readonly Point[], x: number, y: number, half: number): number {
  const widths = [y - half, y + half].map((at) => {
    let [left, right] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    let crossings = 0;
    for (const [idx, [ax, ay]] of polygon.entries()) {
      const [bx, by] = polygon[(idx + 1) % polygon.length] ?? [ax, ay];
      if (ay <= at === by <= at) continue;
      const cross = ax + ((at - ay) / (by - ay)) * (bx - ax);
      crossings += 1;
      if (cross <= x) left = Math.max(left, cross);
      else right = Math.min(right, cross);
    }
    return crossings < 2 ? 0 : 2 * Math.min(x - left, right - x);
  });
  const least = Math.min(...widths);
  return Number.isFinite(least) ? least : 0;
}

export function pathOf(polygon: readonly Point[]): string {
  const round = (value: number) => Math.round(value * 100) / 100;
  return polygon.length ? `M${polygon.map(([x, y]) => `${round(x)},${round(y)}`).join("L")}Z` : "";
}
