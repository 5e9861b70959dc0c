import { expect, test } from "vitest";
import type { Answer, Scalar } from "./api";
import { pipelineOf } from "./pipeline";
import { DAY, HOUR, MINUTE } from "./windows";

function answer(names: string[], rows: Scalar[][]): Answer {
  return {
    query: "",
    sql: "",
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((_, at) => rows.map((row) => row[at] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 1,
  };
}

const NOW = 20_000 * DAY;
const heard = (rows: Scalar[][]) => answer(["source", "n", "oldest", "newest", "slots"], rows);

test("silent is what was steady and stopped, not what was read once or speaks now and then", () => {
  const { silent, nSources } = pipelineOf(
    null,
    null,
    heard([
      ["stopped", 5000, NOW - 12 * HOUR, NOW - 40 * MINUTE, 130],
      ["speaks", 5000, NOW - 12 * HOUR, NOW - MINUTE, 144],
      ["read once", 90_000, NOW - 3 * HOUR, NOW - 3 * HOUR + MINUTE, 1],
      ["now and then", 6, NOW - 12 * HOUR, NOW - 2 * HOUR, 5],
    ]),
    NOW,
  );
  expect(silent).toEqual([{ source: "stopped", newest: NOW - 40 * MINUTE }]);
  expect(nSources).toBe(4);
});

test("the latest source and the oddest one are named", () => {
  const lag = answer(
    ["source", "n", "lag_s"],
    [
      ["a", 10, 0.4],
      ["b", 10, 7.5],
    ],
  );
  const unparsed = answer(
    ["source", "n", "k"],
    [
      ["a", 100, 2],
      ["b", 900, 0],
    ],
  );
  expect(pipelineOf(lag, unparsed, null, NOW)).toMatchObject({
    latest: { source: "b", lagMs: 7500 },
    n: 1000,
    unparsed: 2,
    odd: "a",
  });
});

test("nothing known is nothing said", () => {
  expect(pipelineOf(null, null, null, NOW)).toMatchObject({ latest: null, n: 0, odd: null, silent: [] });
});
