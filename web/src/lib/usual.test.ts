import { expect, test } from "vitest";
import type { Counts } from "./history";
import { lastAbove, usualOf } from "./usual";
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
  expect(above((idx) => idx >= 277)).toEqual({ from: buckets[277], to: null });
});

test("what is over says when it ended", () => {
  expect(above((idx) => idx >= 200 && idx < 240)).toEqual({ from: buckets[200], to: buckets[240] });
});

test("an earlier stretch is another one; a short pause is not its end", () => {
  const two = above((idx) => idx < 200 || (idx >= 270 && idx !== 280 && idx !== 281));
  expect(two).toEqual({ from: buckets[270], to: null });
});

test("a newest bucket that has just begun does not end it, and a single one does not begin it", () => {
  const begun = rates((idx) => (idx >= 270 && idx < 287 ? 0.05 : 0));
  expect(lastAbove(buckets, begun, band)).toEqual({ from: buckets[270], to: null });
  expect(above((idx) => idx === 287 || idx === 100)).toBeNull();
});

test("two errors of four requests are no sign", () => {
  expect(lastAbove(buckets, { n: buckets.map(() => 4), k: buckets.map(() => 2) }, band)).toBeNull();
});
