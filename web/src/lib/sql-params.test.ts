import { expect, test } from "vitest";
import { boundSql, paramsOf, savedParts, textWithParams, usualTexts } from "./sql-params";
import { DAY } from "./windows";

const asked = `-- $from timestamp
-- $step int = 300
-- $place text = null
SELECT '$no', "$no" -- $no
FROM logs /* $no */
WHERE ts >= $from AND $step > 0 AND ($place IS NULL OR country = $place)`;

test("what is asked for is declared, or guessed", () => {
  expect(
    paramsOf("-- $a int\n-- $b int\n-- $c int\nSELECT $d, $b, $a")
      .map(({ name }) => name)
      .join(""),
  ).toBe("abd");
  expect(paramsOf(asked)).toEqual([
    { name: "from", type: "timestamp" },
    { name: "step", type: "int", default: 300 },
    { name: "place", type: "text", default: null },
  ]);
  expect(paramsOf("SELECT $base_to, $host, $total")).toEqual([
    { name: "base_to", type: "timestamp" },
    { name: "host", type: "text" },
    { name: "total", type: "text" },
  ]);
  expect(paramsOf("SELECT 1")).toEqual([]);
});

test("values take their places, and nothing else does", () => {
  const bound = boundSql(asked, { from: "1970-01-01 00:01", place: "O'H" });
  const sql = "sql" in bound ? bound.sql : "";
  expect(sql).toContain("ts >= TIMESTAMP '1970-01-01T00:01:00.000000' AND 300 > 0");
  expect(sql).toContain("('O''H' IS NULL OR country = 'O''H')");
  expect(sql).toContain(`SELECT '$no', "$no" -- $no\nFROM logs /* $no */`);
  expect(boundSql(asked, { from: "1970-01-01 00:01", place: "" })).toHaveProperty(
    "sql",
    expect.stringContaining("(NULL IS NULL"),
  );
});

test.each([
  [{}, "from"],
  [{ from: "yesterday" }, "from"],
  [{ from: "1970-01-01 00:01", step: "1; DROP" }, "step"],
])("%j lacks %s", (typed, missing) => {
  expect(boundSql(asked, typed)).toEqual({ missing });
});

test("an opened question has its declarations on top, a saved one has them apart", () => {
  const params = paramsOf(asked);
  const sql = "SELECT $from, $step, $place";
  const text = textWithParams({ sql, params });
  expect(text).toBe(`-- $from timestamp\n-- $step int = 300\n-- $place text = null\n${sql}`);
  expect(savedParts(text)).toEqual({ sql, params });
  expect(savedParts("-- mine\nSELECT '-- $a int', $b")).toEqual({
    sql: "-- mine\nSELECT '-- $a int', $b",
    params: [{ name: "b", type: "text" }],
  });
});

test("the default of a time is a moment", () => {
  const [at] = paramsOf("-- $at timestamp = 1970-01-01T00:00:02Z\nSELECT $at");
  expect(at).toEqual({ name: "at", type: "timestamp", default: 2_000_000 });
  expect(paramsOf("-- $at timestamp = 2000\nSELECT $at")).toEqual([at]);
  for (const never of ["soon", "9".repeat(30)]) {
    const params = paramsOf(`-- $from timestamp = ${never}\nSELECT $from`);
    expect(textWithParams({ sql: "", params })).toBe(`-- $from timestamp = ${never}\n`);
    expect(usualTexts(params, 3 * DAY)).toEqual({ from: "1970-01-03 00:00" });
    expect(boundSql(`-- $from timestamp = ${never}\nSELECT $from`, {})).toEqual({ missing: "from" });
  }
  expect(textWithParams({ sql: "", params: at ? [at] : [] })).toBe(
    "-- $at timestamp = 1970-01-01T00:00:02.000Z\n",
  );
  expect(boundSql("-- $at timestamp = 2000\nSELECT $at", {})).toHaveProperty(
    "sql",
    "-- $at timestamp = 2000\nSELECT TIMESTAMP '1970-01-01T00:00:02.000000'",
  );
});

test("a day, and the day before it, unless there is a default", () => {
  const texts = usualTexts(paramsOf("-- $step int = 60\n$from $to $base_from $step"), 3 * DAY);
  expect(texts).toEqual({
    from: "1970-01-03 00:00",
    to: "1970-01-04 00:00",
    base_from: "1970-01-02 00:00",
    step: "60",
  });
});
