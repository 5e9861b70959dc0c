import { beforeAll, expect, test } from "vitest";
import { useLocale } from "./format";
import { daysBefore, isComparable, measureText, measuresOf, millis, pastOf, shiftOf, zOf, type Pulse } from "./pulse";
import { DAY, HOUR } from "./windows";

beforeAll(() => useLocale("en"));

const pulse = (change: Partial<Pulse>): Pulse => ({
  lines: 12_000,
  n: 10_000,
  k: 100,
  rate: 0.01,
  denied: 20,
  authFailed: 3,
  nTimed: 0,
  p95Ms: null,
  ...change,
});

test("the fourth number is the slowest twentieth where rows have times, else who was turned away", () => {
  expect(measuresOf(pulse({}))).toEqual(["requests", "rate", "errors", "denied"]);
  expect(measuresOf(pulse({ nTimed: 500, p95Ms: 85 }))).toContain("slow");
  expect(measureText("denied", pulse({}))).toBe("23");
  expect(measureText("slow", pulse({ nTimed: 500, p95Ms: 85.4 }))).toBe("85\u202fms");
});

test.each([
  [85.4, "85\u202fms"],
  [999.6, "1\u202fs"],
  [1240, "1.2\u202fs"],
  [10_000, "10\u202fs"],
])("%d is %s", (ms, text) => {
  expect(millis(ms)).toBe(text);
});

test("a rate that rose beyond chance is for the worse, one within chance is not", () => {
  const before = pulse({});
  expect(shiftOf("rate", pulse({ k: 200, rate: 0.02 }), before)).toMatchObject({
    text: "+1.0\u202fpt",
    before: "1.0\u202f%",
    direction: "up",
    worse: true,
  });
  expect(shiftOf("errors", pulse({ k: 105, rate: 0.0105 }), before)).toMatchObject({ text: "+5", worse: false });
  expect(shiftOf("errors", pulse({ k: 20, rate: 0.002 }), before)).toMatchObject({
    direction: "down",
    worse: false,
  });
  expect(shiftOf("requests", before, before)).toMatchObject({ text: "0", direction: "same" });
});

test("what was not measured has no change", () => {
  const timed = pulse({ nTimed: 500, p95Ms: 85 });
  expect(shiftOf("slow", timed, pulse({}))).toBeNull();
  expect(shiftOf("rate", timed, pulse({ n: 0, k: 0, rate: null }))).toBeNull();
  expect(zOf(timed, { n: 0, k: 0 })).toBeNull();
});

test("of a window before the first line nothing is known, of one across it a part", () => {
  const window = daysBefore({ from: 10 * DAY, to: 10 * DAY + HOUR }, 7);
  expect(window).toEqual({ from: 3 * DAY, to: 3 * DAY + HOUR });
  expect(pastOf(pulse({}), window, 5 * DAY).known).toBe("nothing");
  expect(pastOf(pulse({}), window, 3 * DAY + 1).known).toBe("part");
  expect(pastOf(pulse({}), window, DAY).known).toBe("all");
  expect(pastOf(pulse({ lines: 0 }), window, DAY).known).toBe("nothing");
  expect(pastOf(null, window, null).known).toBe("nothing");
  const part = pastOf(pulse({}), window, 3 * DAY + 1);
  expect(isComparable("rate", part)).toBe(true);
  expect(isComparable("errors", part)).toBe(false);
});
