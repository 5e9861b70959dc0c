import { expect, test } from "vitest";
import { isZone, moment, wall, zoneTitle } from "./wall";

const HOUR = 3_600_000;

test.each([
  ["UTC", "2026-11-23T20:00:00"],
  ["Europe/Madrid", "2026-11-23T21:00:00"],
  ["Asia/Kolkata", "2026-11-24T01:30:00"],
  ["America/New_York", "2026-11-23T15:00:00"],
])("at one moment it is in %s %s", (zone, text) => {
  const ms = Date.UTC(2026, 10, 23, 20);
  expect(wall(ms, zone)).toBe(text);
  expect(moment(text, zone)).toBe(ms);
});

test("midnight is 00:00", () => {
  expect(wall(Date.UTC(2026, 10, 23, 23), "Europe/Madrid")).toBe("2026-11-24T00:00:00");
});

test("every hour of a year reads back, but for the one that comes twice", () => {
  for (const zone of ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"]) {
    let odd = 0;
    for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += HOUR) {
      if (moment(wall(ms, zone), zone) !== ms) odd += 1;
    }
    expect(odd, zone).toBeLessThanOrEqual(1);
  }
});

test("the hour that spring leaves out is one hour on, the one that autumn repeats is the first", () => {
  expect(wall(moment("2026-03-29T02:30:00", "Europe/Berlin"), "Europe/Berlin")).toBe("2026-03-29T03:30:00");
  expect(moment("2026-10-25T02:30:00", "Europe/Berlin")).toBe(Date.UTC(2026, 9, 25, 0, 30));
});

test("names", () => {
  expect(zoneTitle("America/Argentina/Buenos_Aires")).toBe("Buenos Aires time");
  expect(zoneTitle("UTC")).toBe("UTC");
  expect(isZone("Europe/Madrid") && !isZone("Mars/Olympus")).toBe(true);
});
