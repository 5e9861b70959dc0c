import { expect, test } from "vitest";
import type { Status } from "./api";
import { retryMs } from "./event-stream";
import { caughtUp, hasOtherData, isDue, newer, Waiting } from "./live";

const told = (revision: number) => ({ streaming: true, revision });
const asked = { at: 1000, revision: 3 };

test.each<[string, boolean, Parameters<typeof isDue>[1], number]>([
  ["a change right after an answer waits", false, told(4), 5000],
  ["a change is asked for ten seconds after the last answer", true, told(4), 11_000],
  ["without a change nothing is asked", false, told(3), 40_000],
  ["yet windows move on", true, told(3), 61_000],
  ["without a stream it is every ten seconds", true, { streaming: false, revision: 3 }, 11_000],
])("%s", (_, expected, heard, now) => {
  expect(isDue(asked, heard, now)).toBe(expected);
});

test("what is asked each minute is not asked sooner", () => {
  expect(isDue(asked, told(4), 31_000, 60_000)).toBe(false);
  expect(isDue(asked, told(4), 61_000, 60_000)).toBe(true);
});

const status = (now: string, rows: number, more = {}) =>
  ({ now, data: { from: 1, to: 2, rows }, ...more }) as Status;

test("other rows are other data, another time is none", () => {
  const before = status("2026-11-25T10:00:00Z", 5);
  expect(hasOtherData(before, status("2026-11-25T10:00:01Z", 5, { caught_up_ms: 7 }))).toBe(false);
  expect(hasOtherData(before, status("2026-11-25T10:00:01Z", 6))).toBe(true);
});

test("what was overtaken on the way is left out", () => {
  const [older, later] = [status("2026-11-25T10:00:00.9Z", 5), status("2026-11-25T10:00:01Z", 6)];
  expect(newer(older, later)).toBe(later);
  expect(newer(later, older)).toBe(later);
  expect(newer(null, older)).toBe(older);
});

test("lines that come each second wait as one change each ten", () => {
  const waiting = new Waiting();
  for (let second = 0; second < 30; second += 1) waiting.lines(second * 1000);
  expect(waiting.n).toBe(3);
  waiting.incidents(2);
  expect(waiting.n).toBe(5);
});

test.each([
  [0, 412, "0.4 s"],
  [3000, 412, "3.4 s"],
  [-20, 0, "0.0 s"],
  [9_900, 60, "10 s"],
  [34_000, 412, "34 s"],
  [180_000, 0, "3 min"],
])("%i ms after an answer with a delay of %i ms it is %s", (since, delay, expected) => {
  expect(caughtUp(since, delay)).toBe(expected);
});

test("a refused stream is tried again later and later, but never given up", () => {
  expect([1, 2, 3, 20].map(retryMs)).toEqual([5000, 10_000, 20_000, 120_000]);
});
