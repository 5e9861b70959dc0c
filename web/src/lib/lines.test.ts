import { expect, test } from "vitest";
import type { Scalar } from "./api";
import { TAIL_ROWS } from "./line-query";
import { cameIn, exactTime, facetValues, joined, linesOf, nAdded, toneOf, type Line } from "./lines";

function table(names: string[], ...rows: Scalar[][]) {
  return {
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((_, idx) => rows.map((row) => row[idx] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 1,
  };
}

test.each<[string, string[], Scalar[]]>([
  ["no free worker", ["message", "path"], ["no free worker", "/x"]],
  ["GET /cart", ["method", "path"], ["GET", "/cart"]],
  ["deny 192.0.2.1 to port 22", ["action", "client_ip", "server_port"], ["deny", "192.0.2.1", 22]],
  ["%%% garbage", ["raw"], ["%%% garbage"]],
  ["", ["level"], ["info"]],
])("a line says %s", (text, names, row) => {
  expect(linesOf(table(names, row))[0]?.text).toBe(text);
});

const line = (key: string) => ({ key }) as Line;

test("what came in is on top, nothing is there twice, and memory has an end", () => {
  expect(joined([line("c"), line("b")], [line("b"), line("a")]).map(({ key }) => key)).toEqual([
    "c",
    "b",
    "a",
  ]);
  const many = Array.from({ length: TAIL_ROWS }, (_, idx) => line(String(idx)));
  expect(joined([line("new")], many)).toHaveLength(TAIL_ROWS);
});

test("a stream's lines are turned round, and the gap stays at its place", () => {
  const told = table(["batch_id", "row_idx"], [7, 0], [7, 1], [8, 0]);
  const came = cameIn(told, 12);
  expect(came.map(({ key, skipped }) => [key, skipped])).toEqual([
    ["8/0", undefined],
    ["7/1", undefined],
    ["7/0", 12],
  ]);
  expect(joined(came, [line("6/0")]).map(({ key }) => key)).toEqual(["8/0", "7/1", "7/0", "6/0"]);
  expect(cameIn(table([]), 0)).toEqual([]);
});

test("what is told twice counts once", () => {
  expect(nAdded([line("c"), line("b")], [line("b"), line("a")])).toBe(1);
});

test("a time is told to the millisecond", () => {
  expect(exactTime(1_795_644_777_464)).toBe("2026-11-25 22:12:57.464");
});

test("tone goes by what failed, then by level", () => {
  expect(toneOf({ level: null, errorClass: "server" })).toBe("bad");
  expect(toneOf({ level: "error", errorClass: null })).toBe("bad");
  expect(toneOf({ level: null, errorClass: "client" })).toBe("warn");
  expect(toneOf({ level: "info", errorClass: null })).toBe("plain");
});

test("a choice stays in sight although nothing has it", () => {
  const answer = table(["facet", "value", "n"], ["host", "a", 1], ["host", null, 5], ["level", "x", 9]);
  expect(facetValues(answer, "host", [])).toEqual([
    { value: null, n: 5 },
    { value: "a", n: 1 },
  ]);
  expect(facetValues(answer, "host", ["gone", "a"])[0]).toEqual({ value: "gone", n: 0 });
  expect(facetValues(answer, "host", [null, "a"])).toHaveLength(2);
});
