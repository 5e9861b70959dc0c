import { expect, test } from "vitest";
import { formatServers, parseServers, serversOf, stepSeconds } from "./servers";
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

test("a day has minutes, a week has not", () => {
  expect(stepSeconds({ from: 0, to: DAY })).toBe(60);
  expect(stepSeconds({ from: 0, to: 7 * DAY })).toBeGreaterThan(60);
});
