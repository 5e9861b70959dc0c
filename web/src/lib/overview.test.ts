import { expect, test } from "vitest";
import type { Answer } from "./api";
import { busiestOf, endedOf, formatOverview, linesOf, mapOf, parseOverview, serverOf, timeOf, type Course } from "./overview";
import { DAY, HOUR, MINUTE } from "./windows";

const WINDOW = { from: 20_000 * DAY, to: 20_000 * DAY + HOUR };

test.each(["/overview", "/overview?last=6h&path=%2Fa", `/overview?from=${WINDOW.from}&to=${WINDOW.to}`])(
  "%s is kept",
  (address) => {
    expect(formatOverview(parseOverview(new URL(address, "http://a.test").search))).toBe(address);
  },
);

test("links carry the window on, and move with the clock where it does", () => {
  const moving = { last: "1h", window: null, filters: {} } as const;
  const fixed = { last: "1h", window: WINDOW, filters: {} } as const;
  expect(mapOf(moving, WINDOW, "DE")).toBe("/map?place=DE&view=hour");
  expect(mapOf({ ...moving, last: "24h" }, WINDOW)).toBe("/map");
  const span = `from=${WINDOW.from}&to=${WINDOW.to}`;
  expect(mapOf({ ...moving, last: "6h" }, WINDOW)).toBe(`/map?${span}&view=custom`);
  expect(mapOf(fixed, WINDOW, "DE")).toBe(`/map?${span}&place=DE&view=custom`);
  expect(linesOf(moving, { status: "5xx", path: "/a b" })).toBe("/lines?status=5xx&path=%2Fa+b");
  expect(linesOf(fixed, { country: null })).toBe(`/lines?${span}&country=`);
  expect(serverOf(moving, "web-1")).toBe("/servers?last=1h&host=web-1");
  expect(timeOf(WINDOW, {})).toBe(`/time?${span}`);
});

test("links carry on what is filtered by", () => {
  const scope = { last: "1h", window: null, filters: { host: "a", path: "/b" } } as const;
  expect(mapOf(scope, WINDOW, "DE")).toBe("/map?place=DE&host=a&path=/b&view=hour");
  expect(linesOf(scope, { host: "c" })).toBe("/lines?host=c&path=%2Fb");
  expect(timeOf(WINDOW, scope.filters)).toMatch(/&host=a&path=%2Fb$/);
});

test("the busiest host is the one of the window, not of the hours around it", () => {
  const rows = [
    [WINDOW.from - 2 * HOUR, "earlier", 99],
    [WINDOW.from, "earlier", 10],
    [WINDOW.from, "now", 60],
    [WINDOW.from + 5 * MINUTE, "now", 70],
  ] as const;
  const names = ["t", "host", "cpu_pct"];
  const answer: Answer = {
    query: "host_load",
    sql: "",
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((_, at) => rows.map((row) => row[at] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 1,
  };
  expect(busiestOf(answer, WINDOW, { from: WINDOW.to - DAY, to: WINDOW.to }, 300)?.name).toBe("now");
  expect(busiestOf(answer, WINDOW, { from: WINDOW.to - DAY, to: WINDOW.to }, 300, "earlier")?.name).toBe("earlier");
  expect(busiestOf({ ...answer, n_rows: 0 }, WINDOW, WINDOW, 300)).toBeNull();
});

test("what was above ends to the minute, long before its buckets say so", async () => {
  const [from, to] = [WINDOW.from, WINDOW.from + 70 * MINUTE];
  const buckets = Array.from({ length: 14 }, (_, idx) => from + idx * 5 * MINUTE);
  const course: Course = {
    context: { from, to },
    buckets,
    series: { perMinute: [], rate: [], k: [], n: [] },
    usual: { kind: "day", days: 1, low: buckets.map(() => 0), high: buckets.map(() => 0.02) },
    above: { from, to: null, latest: from + HOUR },
  };
  const names = ["t", "n", "k"];
  const minutes = Array.from({ length: 10 }, (_, idx) => [from + HOUR + idx * MINUTE, 200, idx === 0 ? 40 : 2]);
  const answer: Answer = {
    query: "errors_over_time",
    sql: "",
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((_, at) => minutes.map((row) => row[at] ?? null)),
    n_rows: minutes.length,
    truncated: false,
    elapsed_ms: 1,
  };
  const asked: unknown[] = [];
  const ask = (span: unknown) => Promise.resolve(asked.push(span) ? answer : null);
  const ended = await endedOf(course, 300, ask);
  expect(ended.above).toEqual({ ...course.above, to: from + 61 * MINUTE });
  expect(asked).toEqual([{ from: from + HOUR, to }]);
  expect(await endedOf(course, 300, () => Promise.resolve(null))).toBe(course);
});
