import { expect, test } from "vitest";
import type { Cell, Reading } from "./cells";
import { finding, headline } from "./summary";

const RATES: Reading = { metric: "rate", hours: 24, baseHours: null };
const CHANGES: Reading = { metric: "rate", hours: 1, baseHours: 23 };

function cell(name: string, numbers: Partial<Cell>): Cell {
  const place = { country: name, region: null, city: null };
  const rest = {
    lat: null,
    lon: null,
    n: 0,
    k: 0,
    rate: null,
    lo: null,
    hi: null,
    shrunk: null,
    excess: null,
  };
  return { key: name, name, place, ...rest, change: null, ...numbers };
}

const spaced = (text: string) => text.replace(/\u202f/g, " ");

test("the day's worst place is named when chance does not explain it", () => {
  const cells = [
    cell("Spain", { n: 10_000, k: 400, rate: 0.04, lo: 0.036, hi: 0.044, excess: 280 }),
    cell("France", { n: 40_000, k: 200, rate: 0.005, lo: 0.004, hi: 0.006, excess: -280 }),
  ];
  expect(spaced(headline(cells, RATES))).toBe("1.2 % of 50K requests failed");
  expect(spaced(finding(cells, RATES))).toBe("Spain stands out: 4.0 % failed, +280 errors beyond its share.");
});

test("chance is not a finding", () => {
  const cells = [
    cell("Malta", { n: 20, k: 2, rate: 0.1, lo: 0.03, hi: 0.3, excess: 1.2 }),
    cell("France", { n: 980, k: 38 }),
  ];
  expect(finding(cells, RATES)).toBe("No place stands out.");
});

test("of changes only certain ones are told", () => {
  const change = (change: number, significant: boolean) => ({
    n: 9000,
    k: 45,
    rate: 0.005,
    change,
    significant,
    z: change * 100,
  });
  const cells = [
    cell("Malta", { n: 10, k: 4, rate: 0.4, change: change(0.2, false) }),
    cell("Germany", { n: 900, k: 72, rate: 0.08, change: change(0.06, true) }),
  ];
  expect(spaced(finding(cells, CHANGES))).toBe("Germany got worse: 8.0 % now, 0.50 % before (+6.0 pt).");
  expect(finding(cells.slice(0, 1), CHANGES)).toBe("Nothing changed beyond chance.");
});

test("nothing requested", () => {
  expect(headline([], RATES)).toBe("No requests in this window");
});
