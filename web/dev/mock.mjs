// A made-up server for work on the view without the real one: `npm run build && npm run mock`.
// It serves dist/, the shipped outlines, and answers of the same shape as the server's over an invented day:
// Spain fails all day, Germany in the last hour. The link #secret=mock signs in, so does any password.
import { createServer } from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { alerts } from "./mock-alerts.mjs";
import { streams } from "./mock-live.mjs";
import { accounts, keepQuery, queries, sql } from "./mock-sql.mjs";

const PORT = Number(process.env.PORT ?? 7272);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEB = new URL("../dist/", import.meta.url).pathname;
const GEO = new URL("../../data/geo/shapes/", import.meta.url).pathname;
const index = JSON.parse(readFileSync(join(GEO, "index.json"), "utf8"));

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

// Country, share of requests, base rate; then a few cities of regions.
const COUNTRIES = {
  US: [26, 0.0042],
  DE: [12, 0.0051],
  ES: [9, 0.0055],
  FR: [8, 0.0048],
  GB: [8, 0.0047],
  BR: [6, 0.0066],
  IN: [6, 0.0071],
  JP: [4, 0.0031],
  IT: [4, 0.0049],
  NL: [3, 0.0037],
  PL: [2.4, 0.0052],
  CA: [2.2, 0.004],
  MX: [2, 0.0078],
  AR: [1.6, 0.0062],
  AU: [1.4, 0.0045],
  SE: [1.1, 0.0031],
  ZA: [0.9, 0.0093],
  TR: [0.9, 0.0068],
  PT: [0.8, 0.0049],
  CH: [0.8, 0.0032],
  RU: [0.7, 0.0088],
  ID: [0.7, 0.0104],
  KR: [0.6, 0.0033],
  CO: [0.5, 0.0081],
  NG: [0.4, 0.0142],
  EG: [0.3, 0.0113],
  CL: [0.3, 0.006],
  SG: [0.3, 0.0029],
  NO: [0.25, 0.003],
  VN: [0.2, 0.0087],
  KE: [0.1, 0.0132],
  MA: [0.1, 0.0091],
  PE: [0.09, 0.0073],
  UA: [0.08, 0.0066],
  NZ: [0.06, 0.0041],
  IS: [0.02, 0.004],
  MT: [0.02, 0.005],
  MN: [0.006, 0.02],
  LR: [0.004, 0.04],
  AX: [0.003, 0.01],
  GI: [0.01, 0.006],
  FJ: [0.003, 0.02],
};
const CITIES = {
  ES: [
    ["ES-MD", "Madrid", 40.42, -3.7, 40],
    ["ES-CT", "Barcelona", 41.39, 2.17, 26],
    ["ES-VC", "Valencia", 39.47, -0.38, 11],
    ["ES-AN", "Sevilla", 37.39, -5.98, 9],
    ["ES-AN", "Málaga", 36.72, -4.42, 6],
    ["ES-PV", "Bilbao", 43.26, -2.93, 5],
    ["ES-AR", "Zaragoza", 41.65, -0.89, 4],
    ["ES-GA", "Vigo", 42.23, -8.72, 3],
    ["ES-CN", "Las Palmas", 28.12, -15.43, 3],
    ["ES-IB", "Palma", 39.57, 2.65, 2],
    ["ES-MD", "Getafe", 40.31, -3.73, 2],
    ["ES-CB", "Santander", 43.46, -3.81, 0.05],
  ],
  DE: [
    ["DE-BE", "Berlin", 52.52, 13.4, 24],
    ["DE-BY", "Munich", 48.14, 11.58, 18],
    ["DE-HH", "Hamburg", 53.55, 9.99, 14],
    ["DE-HE", "Frankfurt", 50.11, 8.68, 20],
    ["DE-NW", "Cologne", 50.94, 6.96, 10],
    ["DE-NW", "Düsseldorf", 51.23, 6.78, 6],
    ["DE-SN", "Leipzig", 51.34, 12.37, 4],
    ["DE-BW", "Stuttgart", 48.78, 9.18, 6],
    ["DE-BY", "Nuremberg", 49.45, 11.08, 3],
  ],
  US: [
    ["US-CA", "San Jose", 37.34, -121.89, 18],
    ["US-CA", "Los Angeles", 34.05, -118.24, 14],
    ["US-NY", "New York", 40.71, -74.0, 20],
    ["US-TX", "Dallas", 32.78, -96.8, 12],
    ["US-IL", "Chicago", 41.88, -87.63, 10],
    ["US-WA", "Seattle", 47.61, -122.33, 8],
    ["US-VA", "Ashburn", 39.04, -77.49, 16],
    ["US-HI", "Honolulu", 21.3, -157.86, 1],
    ["US-AK", "Anchorage", 61.22, -149.9, 1],
  ],
};

/** The same numbers for the same seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function seedOf(text) {
  let hash = 2166136261;
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0), 16777619);
  return hash;
}

/** Leaves: country, region, city with its share of all requests. */
const leaves = [{ country: null, region: null, city: null, lat: null, lon: null, share: 1.7, rate: 0.0046 }];
for (const [country, [share, rate]] of Object.entries(COUNTRIES)) {
  const { lat, lon, admin1 } = index.countries[country];
  const regions = Object.keys(index.regions).filter((code) => code.startsWith(`${country}-`));
  const fallback = admin1
    ? [[regions[0] ?? null, `${index.countries[country].name} City`, lat, lon, 1]]
    : [[null, "Town/Port", lat, lon, 1]];
  const cities = CITIES[country] ?? fallback;
  const sum = cities.reduce((total, city) => total + city[4], 0) * 1.03;
  for (const [region, city, lat, lon, weight] of cities) {
    leaves.push({ country, region, city, lat, lon, share: (share * weight) / sum, rate });
  }
  leaves.push({ country, region: null, city: null, lat: null, lon: null, share: share * 0.03, rate });
}

// Every country there is, for a look at crowded pictures: ALL_COUNTRIES=1.
if (process.env.ALL_COUNTRIES) {
  for (const [country, { lat, lon }] of Object.entries(index.countries)) {
    const share = 0.05 + 0.4 * random(seedOf(country))();
    leaves.push({ country, region: null, city: null, lat, lon, share, rate: 0.02 });
  }
}

// As many small cities as the server would name at most, for a look at speed: MANY_CITIES=5000.
for (let idx = 0; idx < Number(process.env.MANY_CITIES ?? 0); idx += 1) {
  const rand = random(idx + 1);
  const codes = Object.keys(COUNTRIES);
  const country = codes[Math.floor(rand() * codes.length)];
  const { lat, lon } = index.countries[country];
  const spread = () => (rand() + rand() + rand() - 1.5) * 12;
  const city = `City ${idx}`;
  leaves.push({
    country,
    region: null,
    city,
    lat: lat + spread(),
    lon: lon + spread(),
    share: 0.02,
    rate: 0.03,
  });
}

const STEP = 300_000;
const REQUESTS_PER_STEP = 3300;

/** Requests and errors of a leaf in one step of five minutes. */
function countAt(leaf, step, now) {
  const rand = random(seedOf(`${leaf.country}${leaf.region}${leaf.city}${step}`));
  const hour = ((step * STEP) / HOUR) % 24;
  const wave = 0.72 + 0.28 * Math.sin(((hour - 9) / 24) * 2 * Math.PI);
  const mean = (leaf.share / 100) * REQUESTS_PER_STEP * wave;
  const n = Math.floor(mean * (0.9 + 0.2 * rand()) + rand());
  let rate = leaf.rate;
  const age = now - step * STEP;
  if (leaf.country === "ES" && age > 3 * HOUR && age < 16 * HOUR)
    rate = leaf.region === "ES-MD" ? 0.062 : 0.021;
  if (leaf.country === "DE" && age < 0.9 * HOUR) rate = leaf.region === "DE-HE" ? 0.19 : 0.055;
  return { n, k: Math.min(n, Math.floor(n * rate * (0.7 + 0.6 * rand()) + rand())) };
}

const LONG_HOST = "a-host-with-a-very-long-name.eu-central-1.compute.internal.example.com";
const LONG_PATH = `/api/v2/${"very/".repeat(12)}deep/\u202egnp.exe`;

/** What requests can be filtered by: the share of each value, and how much more often than all they fail. */
const VALUES = {
  service: { web: [0.7, 0.9], api: [0.25, 1.4], auth: [0.05, 0.4] },
  host: { "web-2": [0.5, 1.5], [LONG_HOST]: [0.3, 0.4], "web-1": [0.2, 0.65] },
  path: {
    "/checkout": [0.12, 4.5],
    "/cart": [0.14, 1.1],
    [LONG_PATH]: [0.02, 3],
    "/": [0.4, 0.2],
    "/api/stock/1": [0.2, 0.35],
    "/search": [0.12, 0.5],
  },
  as_org: {
    "Deutsche Telekom AG": [0.2, 1.8],
    "Telefónica de España, S.A.U.": [0.16, 1.5],
    "AT&T Services, Inc.": [0.2, 0.7],
    "A network \u202ewith turned letters": [0.04, 1],
    Vodafone: [0.4, 0.62],
  },
};

/** Of so many requests those that are filtered by. */
function narrowed(total, params) {
  return Object.entries(VALUES).reduce(({ n, k }, [field, values]) => {
    if (!params[field]) return { n, k };
    const [share, lift] = values[params[field]] ?? [0, 0];
    return { n: Math.round(n * share), k: Math.min(Math.round(n * share), Math.round(k * share * lift)) };
  }, total);
}

/** Each facet is counted under the choices of the others. */
function facetValues(params, now) {
  const rows = Object.entries(VALUES).flatMap(([facet, values]) => {
    const all = Object.keys(values).map((value) => {
      const { n, k } = sums({ ...params, [facet]: value }, now);
      return { facet, value, n, k, rate: n ? k / n : null };
    });
    return all.filter(({ n }) => n > 0).sort((a, b) => b.k - a.k);
  });
  return columnar(["facet", "value", "n", "k", "rate"], rows);
}

/** Sums over a window; steps are taken whole, at their start. */
function sum(leaf, from, to, now, params) {
  const total = { n: 0, k: 0 };
  const first = Math.ceil(Math.max(from, now - DAY - HOUR) / STEP);
  for (let step = first; step * STEP < Math.min(to, now); step += 1) {
    const { n, k } = countAt(leaf, step, now);
    total.n += n;
    total.k += k;
  }
  return narrowed(total, params);
}

function wilson(k, n) {
  if (n === 0) return [null, null];
  const z = 1.96;
  const centre = k / n + (z * z) / (2 * n);
  const half = z * Math.sqrt(((k / n) * (1 - k / n)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}

function zOf(k, n, k0, n0) {
  const p = (k + k0) / (n + n0);
  return (k / n - k0 / n0) / Math.sqrt(p * (1 - p) * (1 / n + 1 / n0));
}

function cells(level, params, now, compared) {
  const keys = { country: ["country"], region: ["country", "region"], city: ["country", "region", "city"] }[
    level
  ];
  const groups = new Map();
  for (const leaf of leaves) {
    if (params.country && leaf.country !== params.country) continue;
    if (params.region && leaf.region !== params.region) continue;
    const key = keys.map((key) => leaf[key]).join("/");
    const group = groups.get(key) ?? { ...leaf, n: 0, k: 0, base_n: 0, base_k: 0 };
    const window = sum(leaf, +params.from, +params.to, now, params);
    group.n += window.n;
    group.k += window.k;
    if (compared) {
      const base = sum(leaf, +params.base_from, +params.base_to, now, params);
      group.base_n += base.n;
      group.base_k += base.k;
    }
    groups.set(key, group);
  }
  const rows = [...groups.values()].filter((row) => row.n + row.base_n > 0);
  const total = (name) => rows.reduce((sum, row) => sum + row[name], 0);
  const parent = total("k") / total("n");
  const baseParent = total("base_k") / total("base_n");
  for (const row of rows) {
    [row.lo, row.hi] = wilson(row.k, row.n);
    Object.assign(row, {
      rate: row.n ? row.k / row.n : null,
      shrunk: (row.k + 200 * parent) / (row.n + 200),
      excess: row.k - row.n * parent,
      parent_rate: parent,
    });
    if (!compared) continue;
    row.base_rate = row.base_n ? row.base_k / row.base_n : null;
    row.base_shrunk = (row.base_k + 200 * baseParent) / (row.base_n + 200);
    row.z = zOf(row.k, row.n, row.base_k, row.base_n);
    row.change = row.shrunk - row.base_shrunk;
    row.significant = row.n >= 200 && row.base_n >= 200 && Math.abs(row.z) >= 2.58;
  }
  if (compared) rows.sort((a, b) => b.significant - a.significant || b.change - a.change);
  else rows.sort((a, b) => b.excess - a.excess);
  const base = compared ? ["base_n", "base_k", "base_rate", "base_shrunk", "z", "change", "significant"] : [];
  const point = level === "city" ? ["lat", "lon"] : [];
  return columnar(
    [...keys, ...point, "n", "k", "rate", "lo", "hi", "shrunk", "excess", "parent_rate", ...base],
    rows,
  );
}

function overTime(params, now) {
  const bucket = Number(params.bucket_s ?? 300) * 1000;
  const chosen = leaves.filter((leaf) =>
    ["country", "region", "city"].every((key) => !params[key] || leaf[key] === params[key]),
  );
  const buckets = new Map();
  for (let step = Math.ceil(+params.from / STEP); step * STEP < Math.min(+params.to, now); step += 1) {
    const total = { n: 0, k: 0 };
    for (const leaf of chosen) {
      const { n, k } = countAt(leaf, step, now);
      total.n += n;
      total.k += k;
    }
    Object.assign(total, narrowed(total, params));
    // A step is as many buckets as fit into it, or a part of one.
    const parts = Math.max(1, Math.floor(STEP / bucket));
    for (let part = 0; part < parts; part += 1) {
      const t = Math.floor((step * STEP + part * bucket) / bucket) * bucket;
      const row = buckets.get(t) ?? { t, n: 0, k: 0 };
      row.n += Math.floor((total.n + part) / parts);
      row.k += Math.floor((total.k + part) / parts);
      row.rate = row.n ? row.k / row.n : null;
      if (row.n) buckets.set(t, row);
    }
  }
  return columnar(["t", "n", "k", "rate"], [...buckets.values()]);
}

const sums = (params, now) => {
  const chosen = leaves.filter((leaf) =>
    ["country", "region", "city"].every((key) => !params[key] || leaf[key] === params[key]),
  );
  const total = chosen.reduce(
    (total, leaf) => {
      const { n, k } = sum(leaf, +params.from, +params.to, now, {});
      return { n: total.n + n, k: total.k + k };
    },
    { n: 0, k: 0 },
  );
  return narrowed(total, params);
};

function pulse(params, now) {
  const { n, k } = sums(params, now);
  const [lo, hi] = wilson(k, n);
  const more = { lines: Math.round(n * 1.2), denied: Math.round(n * 0.09), auth_failed: Math.round(n * 0.015) };
  const timed = { n_timed: n, p95_ms: n ? 180 + (9000 * k) / n : null };
  const row = { n, k, rate: n ? k / n : null, lo, hi, app_errors: 3, ...more, ...timed };
  return columnar(Object.keys(row), [row]);
}

/** The sums of a window, shared out among some names; the first of them fails most. */
function shared(column, names, params, now) {
  const { n, k } = sums(params, now);
  const rows = names.map((name, idx) => {
    const share = { n: Math.round(n / 2 ** (idx + 1)), k: Math.round(k / 1.7 ** (idx + 1)) };
    const [lo, hi] = wilson(share.k, share.n);
    const excess = share.k - (share.n * k) / n;
    return { [column]: name, ...share, rate: share.n ? share.k / share.n : null, lo, hi, excess, parent_rate: k / n };
  });
  return columnar(
    [column, "n", "k", "rate", "lo", "hi", "excess", "parent_rate"],
    rows.filter((row) => row.n > 0),
  );
}

/** One source is late, one has fallen silent. */
function sources(name, now) {
  const rows = [
    { source: "web-1/access.log", n: 9000, k: 4, lag_s: 0.6, newest: now - 1200 },
    { source: `${LONG_HOST}/app.log`, n: 500, k: 90, lag_s: 95, newest: now - 31_000 },
    { source: "fw-1/kern.log", n: 2000, k: 0, lag_s: 1.1, newest: now - 47 * 60_000 },
  ].map((row) => ({ ...row, rate: row.k / row.n, oldest: now - 12 * HOUR, slots: 140 }));
  const columns = {
    ingest_lag: ["source", "n", "lag_s"],
    unparsed_share: ["source", "n", "k", "rate"],
    sources_heard: ["source", "n", "oldest", "newest", "slots"],
  };
  return columns[name] && columnar(columns[name], rows);
}

function hostLoad(params, now) {
  const bucket = Number(params.bucket_s ?? 300) * 1000;
  const rows = [];
  for (let t = Math.ceil(+params.from / bucket) * bucket; t < Math.min(+params.to, now); t += bucket) {
    for (const [idx, host] of ["web-1", "web-2", "db-1"].entries()) {
      const rand = random(seedOf(`${host}${t}`));
      const hot = now - t < 0.9 * HOUR && host === "web-2" ? 48 : 0;
      const cpu_pct = 24 + idx * 9 + 12 * Math.sin(t / (4 * HOUR)) + rand() * 6 + hot;
      rows.push({ t, host, cpu_pct, load1: cpu_pct / 25, mem_used_pct: 50 });
    }
  }
  return columnar(["t", "host", "cpu_pct", "load1", "mem_used_pct"], rows);
}

function columnar(names, rows) {
  return {
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((name) => rows.map((row) => row[name] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 12.3,
  };
}

function sqlOf(name, params) {
  const text = readFileSync(new URL(`../../queries/${name}.sql`, import.meta.url), "utf8");
  return text.replace(/^--.*\n/gm, "").replace(/\$(\w+)/g, (_, key) => {
    if (params[key] === undefined) return key === "bucket_s" ? "300" : "NULL";
    if (/from|to/.test(key)) return `TIMESTAMP '${new Date(+params[key]).toISOString()}'`;
    return /^\d+$/.test(params[key]) ? params[key] : `'${params[key].replace(/'/g, "''")}'`;
  });
}

function query(name, params) {
  const now = Date.now();
  const [, kind, level] = /^(errors|change)_by_(country|region|city)$/.exec(name) ?? [];
  const answer =
    (level && cells(level, params, now, kind === "change")) ||
    (name === "errors_over_time" && overTime(params, now)) ||
    (name === "host_load" && hostLoad(params, now)) ||
    (name === "pulse" && pulse(params, now)) ||
    (name === "facet_values" && facetValues(params, now)) ||
    (name === "errors_by_host" && shared("host", ["web-2", LONG_HOST, "web-1", null], params, now)) ||
    (name === "errors_by_path" &&
      shared("path", ["/checkout", LONG_PATH, "/cart", "/", null, "/api/stock/1"], params, now)) ||
    (name === "errors_by_network" &&
      shared("as_org", ["Telefónica de España", LONG_HOST, null, "Deutsche Telekom AG"], params, now)) ||
    sources(name, now);
  return answer && { query: name, sql: sqlOf(name, params), params, ...answer };
}

/** The saved queries, read from their files as the server reads them. */
function savedQueries() {
  const names = readdirSync(new URL("../../queries/", import.meta.url)).filter((name) =>
    name.endsWith(".sql"),
  );
  const entries = names.sort().map((file) => {
    const text = readFileSync(new URL(`../../queries/${file}`, import.meta.url), "utf8");
    const params = [...text.matchAll(/^-- \$(\w+) (\w+)(?: = (.*))?$/gm)].map(([, name, type, usual]) => ({
      name,
      type,
      ...(usual === undefined ? {} : { default: JSON.parse(usual) }),
    }));
    const sql = text.replace(/^(--.*\n)+/, "").trim();
    const title = text.slice(3, text.indexOf("\n"));
    return { name: file.slice(0, -4), title, params, sql, origin: "shipped", version: "v0" };
  });
  return queries([...entries, { name: "mine", error: "line 3: $from has no type" }]);
}

function status() {
  const now = Date.now();
  return {
    version: "0.0.0-mock",
    now: new Date(now).toISOString(),
    data: process.env.EMPTY
      ? { from: null, to: null, told_to: null, rows: 0 }
      : { from: now - DAY, to: now - 2000, told_to: now - 2000, rows: 948_213 },
    demo: false,
    account: {
      received: 2_240_784,
      stored: 2_240_428,
      unparsed: 2123,
      rejected: 300,
      deduplicated: 2,
      blank: 52,
      in_flight: 2,
    },
    caught_up_ms: 12,
    sources: accounts(),
    store: { files: 13, bytes: 97_377_412, fresh_rows: 232, flush_error: null },
    udp_drops: 7,
    incidents: { firing: 1, acknowledged: 0, pending: 0, undelivered: 0, dead_letters: 0 },
    geo: {
      sources: [
        {
          name: "DB-IP",
          built: "2026-11-01",
          attribution_text: "IP Geolocation by DB-IP (changed)",
          attribution_html: "",
          url: "https://db-ip.com",
          modified: true,
        },
      ],
    },
  };
}

/** The one question in SQL that the map asks: its window in steps. */
function lapse({ sql, params }) {
  const now = Date.now();
  const level = ["city", "region", "country"].find((level) =>
    new RegExp(`GROUP BY step, .*${level}`).test(sql),
  );
  const rows = [];
  const [from, to, length] = [params.from_us, params.to_us, params.step_us].map((us) => us / 1000);
  for (let step = 0; from + step * length < to; step += 1) {
    const part = { ...params, from: from + step * length, to: Math.min(to, from + (step + 1) * length) };
    const answer = cells(level, part, now, false);
    for (let idx = 0; idx < answer.n_rows; idx += 1) {
      const row = Object.fromEntries(answer.columns.map(({ name }, at) => [name, answer.data[at][idx]]));
      rows.push({ step, ...row });
    }
  }
  return { sql, ...columnar(["step", "country", "region", "city", "lat", "lon", "n", "k"], rows) };
}

let signedIn = process.env.SIGNED_IN === "1";

/** The body of a request, read as JSON. */
async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    return {};
  }
}

createServer(async (request, response) => {
  const body = await bodyOf(request);
  const url = new URL(request.url, "http://localhost");
  const send = (status, body, type = "application/json") => {
    response.writeHead(status, {
      "content-type": type,
      "content-security-policy": CSP,
      "x-content-type-options": "nosniff",
    });
    response.end(
      type === "application/json" && typeof body !== "string" && !Buffer.isBuffer(body)
        ? JSON.stringify(body)
        : body,
    );
  };
  const fail = (status, code, message, hint = null) => send(status, { error: { code, message, hint } });
  const file = (root, path) => {
    try {
      send(
        200,
        readFileSync(join(root, normalize(path))),
        TYPES[extname(path)] ?? "application/octet-stream",
      );
    } catch {
      fail(404, "not_found", "there is no such file");
    }
  };
  if (url.pathname === "/api/v1/session") {
    if (request.method === "POST") signedIn = true;
    if (request.method === "DELETE") signedIn = false;
    const state = signedIn ? "signed_in" : (process.env.STATE ?? "signed_out");
    return request.method === "DELETE"
      ? send(204, "")
      : send(200, { state, user: signedIn ? "admin" : null });
  }
  if (url.pathname.startsWith("/api/") && !signedIn)
    return fail(401, "unauthorized", "sign in or send a token");
  if (process.env.BROKEN && url.pathname.startsWith("/api/v1/queries")) {
    return fail(503, "busy", "the query took longer than 10 s", "choose a shorter window");
  }
  const incidents = () => alerts("GET", "/api/v1/incidents", {})[1];
  if (streams(request, response, url, { status, incidents, fail })) return;
  if (url.pathname === "/api/v1/status") return send(200, status());
  if (url.pathname.startsWith("/api/v1/") && process.env.BROKEN_ALERTS && !url.pathname.endsWith("status"))
    return fail(500, "internal", "something went wrong on the server", "its log has the cause");
  if (url.pathname === "/api/v1/sql" && /\$step_us/.test(body.sql)) return send(200, lapse(body));
  if (url.pathname === "/api/v1/sql") return send(...sql(body));
  if (url.pathname === "/api/v1/queries") return send(200, savedQueries());
  const [, saved] = /^\/api\/v1\/queries\/([\w-]+)$/.exec(url.pathname) ?? [];
  const known = savedQueries().find(({ name }) => name === saved);
  if (saved && request.method === "PUT") return send(...keepQuery(saved, body, known));
  const answer = alerts(request.method, url.pathname, Object.fromEntries(url.searchParams), body);
  if (answer) return send(...answer);
  const name = /^\/api\/v1\/queries\/(\w+)$/.exec(url.pathname)?.[1];
  if (name) {
    const answer = query(name, Object.fromEntries(url.searchParams));
    return answer ? send(200, answer) : fail(404, "unknown_query", `there is no saved query named ${name}`);
  }
  if (url.pathname.startsWith("/geo/")) return file(GEO, url.pathname.slice(5));
  return file(WEB, extname(url.pathname) ? url.pathname : "index.html");
}).listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}/#secret=mock`));
