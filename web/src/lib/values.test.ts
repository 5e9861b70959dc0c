import { expect, test } from "vitest";
import type { Unit } from "./incidents-api";
import { limitText, parseLimits, shareText, spreadText, valueText } from "./values";

test.each<[number | null, Unit, string]>([
  [0.083, "ratio", "8.3\u202f%"],
  [91.26, "percent", "91\u202f%"],
  [4.234, "times", "4.23\u202f×"],
  [180, "seconds", "3 min"],
  [45, "seconds", "45 s"],
  [12345, "count", "12.3K"],
  [0.5, "count", "0.5"],
  [null, "ratio", "–"],
])("%s as %s is %s", (value, unit, text) => {
  expect(valueText(value, unit)).toBe(text);
});

test("a limit tells which way breaches", () => {
  expect(limitText(">", 0.05, "ratio")).toBe("> 5.0\u202f%");
});

test.each<[string, Unit, number[] | null]>([
  ["3, 4.5 8", "count", [3, 4.5, 8]],
  ["7 %; 29%", "ratio", [0.07, 0.29]],
  ["90", "percent", [90]],
  ["", "ratio", []],
  ["3, much", "count", null],
])("%s in %s are %s", (text, unit, limits) => {
  expect(parseLimits(text, unit)).toEqual(limits);
});

test("of nothing the share is unknown, of little its interval is wide", () => {
  expect(shareText({ k: 0, n: 0, value: null, lo: 0, hi: 1 })).toBe("unknown");
  expect(shareText({ k: 8, n: 13, value: 8 / 13, lo: 0.355, hi: 0.823 })).toBe(
    "62\u202f% (8 of 13; 36–82\u202f%)",
  );
});

test("a spread names how many it is of", () => {
  expect(spreadText({ median_s: null, p90_s: null, n: 0 })).toBe("–");
  expect(spreadText({ median_s: 240, p90_s: 240, n: 1 })).toBe("4 min (1)");
  expect(spreadText({ median_s: 240, p90_s: 720, n: 7 })).toBe("4 min, 90\u202f% within 12 min (7)");
});
