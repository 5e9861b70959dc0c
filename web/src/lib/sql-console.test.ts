import { expect, test } from "vitest";
import {
  PAST_MAX,
  cellText,
  consolePath,
  explained,
  parametersOf,
  parsePast,
  plansOf,
  remembered,
  tablesOf,
} from "./sql-console";

function table(names: string[], ...rows: (string | null)[][]) {
  return {
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((_, idx) => rows.map((row) => row[idx] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 1,
  };
}

test("a question is in the address as long as that is short enough", () => {
  expect(consolePath("SELECT 1 + 1")).toBe("/sql?q=SELECT+1+%2B+1");
  expect(consolePath("x".repeat(7000))).toBe("/sql");
  expect(consolePath("")).toBe("/sql");
});

test("a plan is asked for once", () => {
  expect(explained("\n SELECT 1")).toBe("EXPLAIN SELECT 1");
  expect(explained(" explain SELECT 1")).toBe(" explain SELECT 1");
  expect(plansOf(table(["plan_type", "plan"], ["logical_plan", "Scan"]))).toEqual([
    { name: "logical plan", text: "Scan" },
  ]);
  expect(plansOf(table(["n"], ["1"]))).toBeNull();
});

test("a question asked again moves to the front, the oldest is forgotten", () => {
  const past = [
    { sql: "a", at: 1 },
    { sql: "b", at: 0 },
  ];
  expect(remembered(past, { sql: "b ", at: 2 }).map(({ sql }) => sql)).toEqual(["b ", "a"]);
  const many = Array.from({ length: PAST_MAX }, (_, at) => ({ sql: String(at), at }));
  expect(remembered(many, { sql: "new", at: 99 })).toHaveLength(PAST_MAX);
});

test.each([[null], ["{"], ["null"], ['{"sql":1}'], ['[null,{"sql":1,"at":2},7,{"sql":"x"}]']])(
  "nonsense kept as %s is nothing",
  (text) => {
    expect(parsePast(text)).toEqual([]);
  },
);

test("tables and types are named as people write them", () => {
  const schema = table(
    ["table_name", "column_name", "data_type"],
    ["audit", "at_us", "Int64"],
    ["logs", "ts", "Timestamp(µs)"],
    ["logs", "host", "Utf8View"],
  );
  expect(tablesOf(schema)).toEqual([
    {
      name: "logs",
      columns: [
        { name: "ts", type: "timestamp" },
        { name: "host", type: "text" },
      ],
    },
    { name: "audit", columns: [{ name: "at_us", type: "int64" }] },
  ]);
});

test("cells", () => {
  expect(cellText(0, "timestamp")).toBe("1970-01-01 00:00:00.000");
  expect(cellText(9e15, "timestamp")).toBe("9000000000000000");
  expect(cellText("9007199254740993", "int")).toBe("9007199254740993");
  expect(cellText(null, "text")).toBeNull();
  expect(cellText(false, "bool")).toBe("false");
});

const QUERY = { name: "q", title: "", sql: "", origin: "yours", shipped: false, version: "" } as const;

test("parameters: times become milliseconds, what is empty is left out", () => {
  const params = [
    { name: "from", type: "timestamp" as const },
    { name: "to", type: "timestamp" as const },
    { name: "country", type: "text" as const, default: null },
  ];
  const typed = { from: "1970-01-01 00:01", to: "null", country: " " };
  expect(parametersOf({ ...QUERY, params }, typed)).toEqual({
    from: "60000",
    to: "null",
    country: null,
  });
});
