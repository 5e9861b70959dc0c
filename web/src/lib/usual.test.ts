import { expect, test } from "vitest";
import type { Counts } from "./history";
import { calmSince, lastAbove, minutesAfter, usualOf } from "./usual";
import { DAY, HOUR, MINUTE } from "./windows";

const END = 20_000 * DAY;
const STEP = 5 * MINUTE;
const buckets = Array.from({ length: 288 }, (_, idx) => END - DAY + idx * STEP);
const window = { from: END - HOUR, to: END };

/** 1 % by day, 3 % in the night's first hour, with a little noise that is the same each time. */
function history(days: number, rateOf = (t: number): number => (t % DAY < HOUR ? 0.03 : 0.01)): Map<number, Counts> {
  const all = new Map<number, Counts>();
  for (let t = END - days * DAY; t < END; t += STEP) {
    const noise = 1 + 0.1 * Math.sin(t / 7_000_003);
    all.set(t, { n: 1000, k: Math.round(1000 * rateOf(t) * noise) });
  }
  return all;
}

test("with enough days before, the band follows the time of day", () => {
  const usual = usualOf(history(8), buckets, 300, window);
  expect(usual).toMatchObject({ kind: "time", days: 7 });
  // Ten minutes into the night's hour, and noon.
  expect(usual?.low[2]).toBeGreaterThan(0.01);
  expect(usual?.high[2]).toBeGreaterThan(0.04);
  expect(usual?.high[144]).toBeLessThan(0.02);
});

test("with one day before, the band is that day's, and an outage of six hours does not stretch it", () => {
  const outage = (t: number) => (t > END - 14 * HOUR && t < END - 8 * HOUR ? 0.2 : 0.01);
  const usual = usualOf(history(1, outage), buckets, 300, window);
  expect(usual).toMatchObject({ kind: "day" });
  expect(usual?.high[0]).toBeLessThan(0.025);
  expect(usual?.high.every((high) => high === usual.high[0])).toBe(true);
});

test("where most buckets have no error, one error is usual", () => {
  const sparse = new Map<number, Counts>();
  for (let t = END - 8 * DAY; t < END; t += STEP) sparse.set(t, { n: 60, k: (t / STEP) % 4 === 0 ? 1 : 0 });
  const usual = usualOf(sparse, buckets, 300, window);
  expect(usual?.kind).toBe("time");
  for (const high of usual?.high ?? []) expect(high).toBeGreaterThan(1 / 60);
});

test("without a day before nothing is usual", () => {
  expect(usualOf(new Map(), buckets, 300, window)).toBeNull();
  const lastHour = new Map([...history(8)].filter(([t]) => t >= window.from));
  expect(usualOf(lastHour, buckets, 300, window)).toBeNull();
});

const rates = (at: (idx: number) => number) => ({
  n: buckets.map(() => 1000),
  k: buckets.map((_, idx) => Math.round(1000 * at(idx))),
});
const band = { high: buckets.map(() => 0.02) };

const steps = (isAbove: (idx: number) => boolean) => rates((idx) => (isAbove(idx) ? 0.05 : 0.01));
const above = (isAbove: (idx: number) => boolean) => lastAbove(buckets, steps(isAbove), band);

test("what is above until now has no end", () => {
  expect(above((idx) => idx >= 277)).toEqual({ from: buckets[277], to: null, latest: buckets[287] });
});

test("what is over says when it ended", () => {
  expect(above((idx) => idx >= 200 && idx < 240)).toEqual({ from: buckets[200], to: buckets[240], latest: buckets[239] });
});

test("an earlier stretch is another one; a short pause is not its end", () => {
  const two = above((idx) => idx < 200 || (idx >= 270 && idx !== 280 && idx !== 281));
  expect(two).toMatchObject({ from: buckets[270], to: null });
});

test("a newest bucket that has just begun does not end it, and a single one does not begin it", () => {
  const begun = rates((idx) => (idx >= 270 && idx < 287 ? 0.05 : 0));
  expect(lastAbove(buckets, begun, band)).toMatchObject({ from: buckets[270], to: null });
  expect(above((idx) => idx === 287 || idx === 100)).toBeNull();
});

test("two errors of four requests are no sign", () => {
  expect(lastAbove(buckets, { n: buckets.map(() => 4), k: buckets.map(() => 2) }, band)).toBeNull();
});

/** Of 15 minutes of 200 requests: `#` is far above, `+` a little, `.` is as usual, a space has no requests. */
test.each([
  ["#.........#####", null, "what goes on"],
  ["######.........", 6, "what ended nine minutes ago"],
  ["#######........", 7, "what ended eight minutes ago"],
  ["########.......", null, "seven minutes may be chance"],
  ["+++++++........", 7, "what was a little above, to the minute"],
  ["++++++++.......", null, "seven minutes after a little"],
  ["##########.....", null, "a bucket that dips"],
  ["#####..#.......", null, "a pause of two minutes"],
  ["#..............", 1, "the earliest minute from which all is as usual"],
  ["...............", 0, "nothing is above at all"],
  ["######         ", 6, "no requests, no errors"],
  ["", null, "no minute"],
] as const)("%o: over since minute %o, %s", (marks, since, _) => {
  const minutes = [...marks].map((_, idx) => END + idx * MINUTE);
  const values = (of: Record<string, number | null>) => [...marks].map((mark) => of[mark] ?? null);
  const series = { n: values({ "#": 200, "+": 200, ".": 200 }), k: values({ "#": 40, "+": 7, ".": 2 }) };
  expect(calmSince(minutes, series, () => 0.02)).toBe(since === null ? null : END + since * MINUTE);
  expect(calmSince(minutes, series, () => null)).toBe(marks ? END : null);
});

test("the minutes begin with the last bucket above and end with whole ones, or where the buckets know", () => {
  const above = { from: END - HOUR, to: null, latest: END };
  expect(minutesAfter(above, 300, END + 9 * MINUTE + 50)).toEqual({ from: END, to: END + 9 * MINUTE });
  expect(minutesAfter(above, 300, END + HOUR)).toEqual({ from: END, to: END + 20 * MINUTE });
});
