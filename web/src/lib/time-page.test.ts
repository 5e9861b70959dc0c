import { expect, test } from "vitest";
import { WORLD } from "./places";
import { contextOf, formatTime, parseTime } from "./time-page";
import { DAY, HOUR } from "./windows";

const END = 20_000 * DAY;

test.each([
  "/time",
  "/time?days=28",
  "/time?from=1727999999999&to=1728000000000&place=ES%2FES-MD%2FMadrid&host=web-1",
])("%s is kept", (address) => {
  expect(formatTime(parseTime(new URL(address, "http://a.test").search))).toBe(address);
});

test("nonsense takes the ordinary value", () => {
  expect(parseTime("?days=9&from=7&to=3&place=nowhere")).toEqual({ days: 7, window: null, place: WORLD, filters: {} });
});

test("a window is seen with as much again around it, at least three hours, and nothing that is ahead", () => {
  const hour = { from: END - 30 * HOUR, to: END - 29 * HOUR };
  expect(contextOf(hour, END)).toEqual({ from: hour.from - 3 * HOUR, to: hour.to + 3 * HOUR });
  const last = { from: END - HOUR, to: END };
  expect(contextOf(last, END)).toEqual({ from: END - 7 * HOUR, to: END });
  const half = { from: END - 40 * HOUR, to: END - 24 * HOUR };
  expect(contextOf(half, END).to - contextOf(half, END).from).toBe(DAY);
  const days = { from: END - 3 * DAY, to: END };
  expect(contextOf(days, END)).toEqual(days);
});
