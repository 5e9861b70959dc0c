import { expect, test } from "vitest";
import type { Answer, Scalar } from "./api";
import { bucketsOf, errorSeries, hostLines, loneOf } from "./series";

function answer(names: string[], rows: Scalar[][]): Answer {
  const data = names.map((_, idx) => rows.map((row) => row[idx] ?? null));
  const columns = names.map((name) => ({ name, type: "text" }));
  return { query: "q", sql: "", columns, data, n_rows: rows.length, truncated: false, elapsed_ms: 0 };
}

test("buckets start where the server's do and cover the window", () => {
  expect(bucketsOf({ from: 61_000, to: 180_000 }, 60)).toEqual([60_000, 120_000]);
  expect(bucketsOf({ from: 60_000, to: 180_001 }, 60)).toEqual([60_000, 120_000, 180_000]);
});

test.each<[(number | null)[], number[]]>([
  [[], []],
  [[1], [0]],
  [[1, 2, null, 0, null], [3]],
  [[null, 1, null, null, 2], [1, 4]],
  [[1, 2, 3], []],
])("lone values of %j are at %j", (values, expected) => {
  expect(loneOf(values)).toEqual(expected);
});

test("a bucket without rows is a gap, a short one is not a dip", () => {
  const rows = [
    [0, 100, 6, 0.06],
    [120_000, 50, 3, 0.06],
  ];
  const series = errorSeries(answer(["t", "n", "k", "rate"], rows), { from: 0, to: 150_000 }, 60, null);
  expect(series.k).toEqual([6, null, 3]);
  expect(series.rate).toEqual([0.06, null, 0.06]);
  // The last bucket has run for half its minute.
  expect(series.perMinute).toEqual([6, null, 6]);
});

test("a place that sends nothing has no errors and no rate, the future has neither", () => {
  const series = errorSeries(
    answer(["t", "n", "k", "rate"], [[0, 4, 1, 0.25]]),
    { from: 0, to: 240_000 },
    60,
    180_000,
  );
  expect(series.k).toEqual([1, 0, 0, null]);
  expect(series.rate).toEqual([0.25, null, null, null]);
});

test("hosts are lines on the same axis, the busiest twelve", () => {
  const rows = Array.from({ length: 14 }, (_, idx) => [0, `web-${String(idx).padStart(2, "0")}`, idx]);
  const hosts = hostLines(answer(["t", "host", "cpu_pct"], rows), { from: 0, to: 120_000 }, 60);
  expect(hosts.lines.map((line) => line.name)[0]).toBe("web-02");
  expect(hosts.lines).toHaveLength(12);
  expect(hosts.nOthers).toBe(2);
  expect(hosts.lines[0]?.values).toEqual([2, null]);
});
