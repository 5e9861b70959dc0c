import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Topology } from "topojson-specification";
import { clustersOf } from "./clusters";
import { decode, type Index } from "./geometry";
import { areaScene, countryScene, worldScene, type Scene } from "./scene";

const SIZE = { width: 1000, height: 520 };
const geo = (name: string) => JSON.parse(readFileSync(`../data/geo/shapes/${name}.json`, "utf8")) as unknown;
const world = decode(geo("world") as Topology, "countries");
const regions = (country: string) => decode(geo(`admin1/${country}`) as Topology, "regions");
const { countries } = geo("index") as Index;

function isInside(scene: Scene, lon: number, lat: number): boolean {
  const [x = -1, y = -1] = scene.project(lon, lat) ?? [];
  return x > 0 && y > 0 && x < SIZE.width && y < SIZE.height;
}

test("the world: a path for each country, dots for the small ones, no Antarctica", () => {
  const scene = worldScene(world, countries, new Set(["ES", "SG", "GI"]), SIZE);
  expect(scene.areas.find((area) => area.id === "ES")?.path).toMatch(/^M/);
  expect(scene.areas.some((area) => area.id === "AQ")).toBe(false);
  expect(scene.dots.map((dot) => dot.id).sort()).toEqual(["GI", "SG"]);
  for (const [lon, lat] of [
    [-122, 37],
    [151, -33],
    [25, 71],
    [-70, -53],
  ] as const) {
    expect(isInside(scene, lon, lat)).toBe(true);
  }
});

test.each([
  ["ES", 1],
  ["US", 2],
  ["PT", 2],
  ["DE", 0],
  ["ID", 0],
])("far parts of %s have %d frames", (country, frames) => {
  expect(countryScene(regions(country), SIZE).frames).toHaveLength(frames);
});

test("a city of the Canaries lies in their frame, Madrid does not", () => {
  const scene = countryScene(regions("ES"), SIZE);
  const [frame] = scene.frames;
  const [x = 0, y = 0] = scene.project(-15.4, 28.1) ?? [];
  expect(x > (frame?.x ?? 0) && x < (frame?.x ?? 0) + (frame?.width ?? 0)).toBe(true);
  expect(y > (frame?.y ?? 0)).toBe(true);
  expect(isInside(scene, -3.7, 40.4)).toBe(true);
});

test("Russia is one piece across the 180th meridian", () => {
  const shapes = regions("RU");
  expect(clustersOf(shapes.all)).toHaveLength(1);
  const scene = countryScene(shapes, SIZE);
  expect(isInside(scene, 37.6, 55.8)).toBe(true);
  expect(isInside(scene, -172, 65)).toBe(true);
});

test("a region fills the picture, its neighbours are context", () => {
  const scene = areaScene(regions("ES"), "ES-MD", SIZE);
  expect(scene.areas.filter((area) => !area.isContext).map((area) => area.id)).toEqual(["ES-MD"]);
  expect(isInside(scene, -3.7, 40.4)).toBe(true);
});
