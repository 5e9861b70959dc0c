import { expect, test } from "vitest";
import { DAY, HOUR, MINUTE, bucketSeconds, clockOf, snap, windowsOf } from "./windows";

const NOW = Date.UTC(2026, 10, 23, 20, 0, 3);
const END = Date.UTC(2026, 10, 23, 20, 0, 10);

test.each([
  ["no data yet", null, END, true],
  ["fresh", NOW - MINUTE, END, true],
  ["ahead of the clock", NOW + HOUR, END, true],
  ["an hour old", NOW - HOUR, Date.UTC(2026, 10, 23, 19, 0, 10), false],
])("clock: %s", (_, newest, end, live) => {
  expect(clockOf(NOW, newest)).toEqual({ end, live });
});

test("the day, the last hour and what they are compared with", () => {
  expect(windowsOf("day", null, END)).toEqual({
    window: { from: END - DAY, to: END },
    base: null,
    context: { from: END - DAY, to: END },
  });
  expect(windowsOf("hour", null, END).window).toEqual({ from: END - HOUR, to: END });
  const difference = windowsOf("difference", null, END);
  expect(difference.window).toEqual({ from: END - HOUR, to: END });
  // The hour and the 23 before it are a day, and no request is in both.
  expect(difference.base).toEqual({ from: END - DAY, to: END - HOUR });
});

test("the hour a week ago, and baselines as long as what they are compared with", () => {
  expect(windowsOf("week", null, END).window).toEqual({ from: END - HOUR - 7 * DAY, to: END - 7 * DAY });
  expect(windowsOf("day", null, END, true).base).toEqual({ from: END - 2 * DAY, to: END - DAY });
  expect(windowsOf("hour", null, END, true).base).toEqual({ from: END - DAY, to: END - HOUR });
});

test("a fixed window of the last day keeps the day around it", () => {
  const fixed = { from: END - 3 * HOUR, to: END - 2 * HOUR };
  expect(windowsOf("custom", fixed, END).context).toEqual({ from: END - DAY, to: END });
});

test("an older window shows as much again on both sides", () => {
  const fixed = { from: END - 3 * DAY, to: END - 3 * DAY + HOUR };
  expect(windowsOf("custom", fixed, END).context).toEqual({
    from: fixed.from - HOUR,
    to: fixed.to + HOUR,
  });
});

test.each([
  [DAY, 300],
  [HOUR, 15],
  [MINUTE, 1],
  [30 * DAY, 21600],
])("a window of %d ms has buckets of %d s", (length, bucket) => {
  expect(bucketSeconds({ from: 0, to: length })).toBe(bucket);
});

test("dragged windows are whole minutes and never empty", () => {
  expect(snap({ from: 61_000, to: 119_000 })).toEqual({ from: 60_000, to: 120_000 });
  expect(snap({ from: 60_000, to: 60_000 })).toEqual({ from: 60_000, to: 120_000 });
});
