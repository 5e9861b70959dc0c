import { expect, test } from "vitest";
import type { Answer, Scalar } from "./api";
import { cellsOf, ordered, readingOf, toneOf, totalsOf, valueOf, type Reading, type Tone } from "./cells";
import { HOUR, windowsOf } from "./windows";

const RATES: Reading = readingOf("rate", windowsOf("day", null, 100 * HOUR));
const COUNTS: Reading = { ...RATES, metric: "count" };
const CHANGES: Reading = readingOf("rate", windowsOf("difference", null, 100 * HOUR));

function answer(rows: Record<string, Scalar>[]): Answer {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const data = names.map((name) => rows.map((row) => row[name] ?? null));
  const columns = names.map((name) => ({ name, type: "text" }));
  return { query: "q", sql: "", columns, data, n_rows: rows.length, truncated: false, elapsed_ms: 0 };
}

function cell(row: Record<string, Scalar>) {
  const [only] = cellsOf(answer([{ country: "ES", ...row }]), "country", (code) => code);
  if (!only) throw new Error("no cell");
  return only;
}

test("surprise is the distance from its own baseline, and needs enough on both sides", () => {
  const surprised: Reading = { ...CHANGES, metric: "surprise" };
  const compared = (row: Record<string, Scalar>) =>
    cell({ n: 1000, k: 9, base_n: 1000, base_k: 1, z: 6, ...row });
  expect(toneOf(compared({}), surprised)).toEqual({ step: 5, few: false, muted: false });
  expect(toneOf(compared({ z: -2 }), surprised)).toEqual({ step: 3, few: false, muted: false });
  expect(toneOf(compared({ base_n: 0, base_k: 0, z: null }), surprised)).toEqual({
    step: 3,
    few: true,
    muted: false,
  });
  const order = ordered([compared({ z: 1 }), compared({ n: 9, z: 50 }), compared({ z: 4 })], surprised);
  expect(order.map(({ change }) => change?.z)).toEqual([4, 1, 50]);
});

test("columns become cells, unknown places stay in", () => {
  const rows = [
    {
      country: "ES",
      n: 1000,
      k: 10,
      rate: 0.01,
      lo: 0.005,
      hi: 0.018,
      shrunk: 0.009,
      excess: 4,
      parent_rate: 0.006,
    },
    { country: null, n: "9007199254740993", k: 0, rate: 0, lo: 0, hi: 0.1, shrunk: 0.004, excess: -1 },
  ];
  const [spain, unknown] = cellsOf(answer(rows), "country", () => "Spain");
  expect(spain).toMatchObject({ key: "ES//", name: "Spain", n: 1000, k: 10, change: null });
  expect(spain?.place).toEqual({ country: "ES", region: null, city: null });
  expect(unknown).toMatchObject({ key: "//", name: "Unknown place", place: null, n: 2 ** 53 });
});

test("a city without a region is a place, a country's unknown region is none", () => {
  const city = { country: "ES", region: null, city: "Madrid", lat: 40.4, lon: -3.7, n: 1, k: 0 };
  expect(cellsOf(answer([city]), "city", (code) => code)[0]).toMatchObject({
    name: "Madrid",
    place: { country: "ES", region: null, city: "Madrid" },
    lat: 40.4,
  });
  const region = { country: "ES", region: null, n: 1, k: 0 };
  expect(cellsOf(answer([region]), "region", (code) => code)[0]).toMatchObject({
    name: "Unknown region",
    place: null,
  });
});

test("fewer than 200 requests are too few for a rate, not for a count", () => {
  const tone = (few: boolean, step: number): Tone => ({ few, step, muted: false });
  expect(toneOf(cell({ n: 199, k: 9, shrunk: 0.03 }), RATES)).toEqual(tone(true, 4));
  expect(toneOf(cell({ n: 200, k: 9, shrunk: 0.03 }), RATES)).toEqual(tone(false, 4));
  expect(toneOf(cell({ n: 199, k: 9, shrunk: 0.03 }), COUNTS)).toEqual(tone(false, 1));
});

test.each([
  [
    "significant",
    { n: 500, base_n: 900, change: 0.03, significant: true },
    { step: 6, few: false, muted: false },
  ],
  ["chance", { n: 500, base_n: 900, change: 0.03, significant: false }, { step: 6, few: false, muted: true }],
  [
    "few now",
    { n: 100, base_n: 900, change: 0.03, significant: false },
    { step: 6, few: true, muted: false },
  ],
  [
    "few before",
    { n: 500, base_n: 100, change: -0.03, significant: false },
    { step: 0, few: true, muted: false },
  ],
  ["gone", { n: 0, base_n: 900, change: -0.001, significant: false }, { step: 3, few: true, muted: false }],
  ["no traffic", { n: 0, base_n: 0, change: null, significant: false }, null],
])("the difference's mask: %s", (_, row, tone) => {
  expect(toneOf(cell({ k: 1, base_k: 1, ...row }), CHANGES)).toEqual(tone);
});

test("counts of unequal windows are compared by the hour", () => {
  const both = cell({ n: 500, k: 30, base_n: 9000, base_k: 230, change: 0.01, significant: true });
  expect(valueOf(both, { ...CHANGES, metric: "count" })).toBe(20);
});

test("rates keep the server's order, counts put the largest first", () => {
  const cells = [cell({ n: 10, k: 1 }), cell({ n: 10, k: 7 }), cell({ n: 10, k: 3 })];
  expect(ordered(cells, RATES).map((cell) => cell.k)).toEqual([1, 7, 3]);
  expect(ordered(cells, COUNTS).map((cell) => cell.k)).toEqual([7, 3, 1]);
});

test("totals add up all rows", () => {
  const cells = [cell({ n: 10, k: 1, base_n: 5, base_k: 0 }), cell({ n: 20, k: 2, base_n: 5, base_k: 1 })];
  expect(totalsOf(cells)).toEqual({ n: 30, k: 3, baseN: 10, baseK: 1 });
});
