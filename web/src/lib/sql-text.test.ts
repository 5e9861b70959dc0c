import { expect, test } from "vitest";
import { anywhere, equals, isAmong, textLiteral, timeLiteral } from "./sql-text";

test("a quote stays within its text", () => {
  expect(textLiteral("O'Higgins'; --")).toBe("'O''Higgins''; --'");
  expect(equals("host", "a'b")).toBe("host = 'a''b'");
  expect(equals("host", null)).toBe("host IS NULL");
});

test("one value of several, null among them", () => {
  expect(isAmong("host", ["a"])).toBe("host = 'a'");
  expect(isAmong("host", ["a", "b'c"])).toBe("host IN ('a', 'b''c')");
  expect(isAmong("host", [null])).toBe("host IS NULL");
  expect(isAmong("host", ["a", null])).toBe("(host = 'a' OR host IS NULL)");
  expect(isAmong("host", ["a", null, "b"])).toBe("(host IN ('a', 'b') OR host IS NULL)");
});

test("microseconds are kept", () => {
  expect(timeLiteral(1_500_000)).toBe("TIMESTAMP '1970-01-01T00:00:01.500000'");
  expect(timeLiteral(1_795_644_777_464_672)).toBe("TIMESTAMP '2026-11-25T22:12:57.464672'");
  expect(timeLiteral(-1)).toBe("TIMESTAMP '1969-12-31T23:59:59.999999'");
});

test("wildcards in the text are text", () => {
  expect(anywhere("50%_a\\b'")).toBe("'%50\\%\\_a\\\\b''%'");
});
