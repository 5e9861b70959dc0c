import { expect, test } from "vitest";
import { errorsByHost, formatServers, ownErrorsSql, parseServers, serversOf, stepSeconds } from "./servers";
import { DAY, MINUTE } from "./windows";

test.each([
  ["", "/servers"],
  ["?last=24h&host=a%2Fb", "/servers?last=24h&host=a%2Fb"],
  ["?from=1&to=5", "/servers?from=1&to=5"],
])("%s is %s", (search, written) => {
  expect(formatServers(parseServers(search))).toBe(written);
});

const window = { from: 0, to: 30 * MINUTE };
const errors = Array.from({ length: 30 }, (_, idx) => (idx > 15 && idx < 22 ? 40 : idx % 3));

test("the busiest is first, its lag is known, a gap stays one", () => {
  const rows = errors.flatMap((_, idx) => [
    [idx * MINUTE, "web-2", 20 + (errors[idx + 2] ?? 0), 1, 50],
    ...(idx === 5 ? [] : [[idx * MINUTE, null, 5, 0.1, null]]),
  ]);
  const names = ["t", "host", "cpu_pct", "load1", "mem_used_pct"];
  const answer = {
    query: "host_load",
    sql: "",
    columns: names.map((name) => ({ name, type: "float" })),
    data: names.map((_, idx) => rows.map((row) => row[idx] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 1,
  };
  const [web, other] = serversOf(answer, errors, window, 60);
  expect(web?.host).toBe("web-2");
  expect(web?.peak).toBe(60);
  expect(web?.lag?.steps).toBe(-2);
  expect(other?.host).toBe("unknown host");
  expect(other?.series.cpu_pct[5]).toBeNull();
  expect(other?.last).toEqual({ cpu_pct: 5, mem_used_pct: null, load1: 0.1 });
  expect(other?.lag).toBeNull();
});

test("a server with errors of its own is compared with those", () => {
  const own = errors.map((_, idx) => (idx > 3 && idx < 9 ? 30 : 1));
  const load = {
    query: "host_load",
    sql: "",
    columns: ["t", "host", "cpu_pct"].map((name) => ({ name, type: "float" })),
    data: [
      own.flatMap((_, idx) => [idx * MINUTE, idx * MINUTE]),
      own.flatMap(() => ["web-1", "db-1"]),
      own.flatMap((_, idx) => [20 + (own[idx - 3] ?? 1), 20 + (errors[idx - 1] ?? 1)]),
    ],
    n_rows: 60,
    truncated: false,
    elapsed_ms: 1,
  };
  const counts = {
    columns: ["host", "t", "k"].map((name) => ({ name, type: "int" })),
    data: [
      [...own.map(() => "web-1"), "db-1"],
      [...own.map((_, idx) => idx * MINUTE), 0],
      [...own, 3],
    ],
    n_rows: 31,
    truncated: false,
    elapsed_ms: 1,
  };
  const ownOf = errorsByHost(counts, errors, window, 60)?.own ?? new Map();
  expect([...ownOf.keys()]).toEqual(["web-1"]);
  const servers = new Map(serversOf(load, errors, window, 60, ownOf).map((server) => [server.host, server]));
  expect(servers.get("web-1")).toMatchObject({ nOwn: 175, lag: { steps: 3 } });
  expect(servers.get("db-1")).toMatchObject({ nOwn: null, lag: { steps: 1 } });
  expect(errorsByHost({ ...counts, truncated: true }, errors, window, 60)).toBeNull();
});

test("own errors have the gaps of all, and none is made of a cut end", () => {
  const counts = {
    columns: ["host", "t", "k"].map((name) => ({ name, type: "int" })),
    data: [
      ["a", "a", "a"],
      [0, 2 * MINUTE, 3 * MINUTE],
      [50, 50, 50],
    ],
    n_rows: 3,
    truncated: false,
    elapsed_ms: 1,
  };
  const cut = { from: 10_000, to: 3 * MINUTE + 10_000 };
  expect(errorsByHost(counts, [1, null, 1, 1], cut, 60)?.own.get("a")?.perMinute).toEqual([null, null, 50, null]);
  expect(ownErrorsSql(cut, 60)).toContain("CAST(ts AS BIGINT) / 60000000 * 60000 AS t");
});

test("errors of all are those of the hosts together, and of lines without one", () => {
  const counts = {
    columns: ["host", "t", "k"].map((name) => ({ name, type: "int" })),
    data: [
      ["a", "b", null, "a"],
      [0, 0, 0, MINUTE],
      [30, 2, 5, 40],
    ],
    n_rows: 4,
    truncated: false,
    elapsed_ms: 1,
  };
  const found = errorsByHost(counts, [1, 1, 1], { from: 0, to: 3 * MINUTE }, 60);
  expect(found?.all).toEqual([37, 40, 0]);
  expect([...(found?.own ?? [])]).toEqual([["a", { n: 70, perMinute: [30, 40, 0] }]]);
});

test("a day has minutes, a week has not", () => {
  expect(stepSeconds({ from: 0, to: DAY })).toBe(60);
  expect(stepSeconds({ from: 0, to: 7 * DAY })).toBeGreaterThan(60);
});
