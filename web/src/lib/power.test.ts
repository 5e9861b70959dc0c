import { describe, expect, test } from "vitest";
import { powerCells, powerSteps, type Point, type Rect, type Site } from "./power";

const RECT: Rect = { width: 900, height: 480 };

/** The same numbers for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function sitesOf(weights: readonly number[], seed = 1, rect = RECT): Site[] {
  const rand = random(seed);
  return weights.map((weight) => ({ x: rand() * rect.width, y: rand() * rect.height, weight }));
}

function areaOf(polygon: readonly Point[]): number {
  return (
    Math.abs(
      polygon.reduce((sum, [ax, ay], idx) => {
        const [bx, by] = polygon[(idx + 1) % polygon.length] ?? [0, 0];
        return sum + ax * by - bx * ay;
      }, 0),
    ) / 2
  );
}

function worstError(sites: readonly Site[], rect = RECT): number {
  const total = sites.reduce((sum, { weight }) => sum + weight, 0);
  const cells = powerCells(sites, rect);
  return Math.max(
    ...cells.map((cell, idx) => {
      const wanted = ((sites[idx]?.weight ?? 0) / total) * rect.width * rect.height;
      return Math.abs(areaOf(cell) - wanted) / wanted;
    }),
  );
}

const zipf = (n: number, exponent: number) =>
  Array.from({ length: n }, (_, idx) => 1 / (idx + 1) ** exponent);

describe("areas are off by less than 1 % of themselves", () => {
  test.each<[string, number[]]>([
    ["one cell", [7]],
    ["two cells", [1, 1]],
    ["two cells, a thousand to one", [1000, 1]],
    ["three cells in a row of powers", [1, 100, 10_000]],
    ["12 equal ones", Array.from({ length: 12 }, () => 1)],
    ["250 countries", zipf(250, 1)],
    ["250 countries, steep", zipf(250, 2)],
    ["one giant and 99 dwarfs", [1e6, ...Array.from({ length: 99 }, () => 1)]],
  ])("%s", (_, weights) => {
    expect(worstError(sitesOf(weights))).toBeLessThan(0.01);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("at random, seed %d", (seed) => {
    const rand = random(seed * 77);
    const weights = Array.from({ length: 3 + Math.floor(rand() * 90) }, () => Math.exp(8 * rand()));
    expect(worstError(sitesOf(weights, seed))).toBeLessThan(0.01);
  });

  test("a narrow picture", () => {
    const rect = { width: 340, height: 700 };
    expect(worstError(sitesOf(zipf(60, 1.2), 3, rect), rect)).toBeLessThan(0.01);
  });
});

test("sites at one point come apart by the caller; near ones are no trouble", () => {
  const sites = zipf(40, 1).map((weight, idx) => ({
    x: 450 + idx * 1e-3,
    y: 240 + (idx % 7) * 1e-3,
    weight,
  }));
  expect(worstError(sites)).toBeLessThan(0.01);
});

test("the same input gives the same picture", () => {
  const sites = sitesOf(zipf(50, 1));
  expect(powerCells(sites, RECT)).toEqual(powerCells(sites, RECT));
});

test("no cells, no polygons", () => {
  expect(powerCells([], RECT)).toEqual([]);
});

test("no step of 250 cells takes long", () => {
  const steps = powerSteps(sitesOf(zipf(250, 1)), RECT);
  let longest = 0;
  let before = performance.now();
  for (let n = 0; !steps.next().done; n += 1) {
    const now = performance.now();
    // The first ones are those before the compiler has had its turn.
    if (n > 5) longest = Math.max(longest, now - before);
    before = now;
  }
  expect(longest).toBeLessThan(200);
});
