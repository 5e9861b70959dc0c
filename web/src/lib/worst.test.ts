import { expect, test } from "vitest";
import type { Answer, Scalar } from "./api";
import { widest, worstOf } from "./worst";

function answer(names: string[], rows: Scalar[][]): Answer {
  return {
    query: "errors_by_host",
    sql: "",
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((_, at) => rows.map((row) => row[at] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 1,
  };
}

const NAMES = ["host", "n", "k", "lo", "hi"];

test("most errors beyond their share come first, not the highest rate of a handful", () => {
  const rows = worstOf(
    answer(NAMES, [
      ["handful", 4, 2, 0.15, 0.85],
      ["busy", 10_000, 500, 0.046, 0.054],
      ["fine", 10_000, 0, 0, 0.0004],
      [null, 1000, 20, 0.013, 0.031],
    ]),
    "host",
    0.02,
  );
  expect(rows.map(({ value }) => value)).toEqual(["busy", "handful", null]);
  expect(rows[0]).toMatchObject({ excess: 300, clear: true, few: false, step: 5 });
  expect(rows[1]).toMatchObject({ few: true });
  expect(rows[2]).toMatchObject({ clear: false });
  expect(widest(rows)).toBe(0.054);
});

test("where the query says how much is beyond, that counts", () => {
  const [first] = worstOf(answer([...NAMES, "excess"], [["a", 100, 50, 0.4, 0.6, 12.5]]), "host", null);
  expect(first).toMatchObject({ excess: 12.5, clear: false });
});
