import { expect, test } from "vitest";
import { SHIFT_PX, enlarged, parseKiosk, shiftAt, withKiosk } from "./kiosk";

const OFF = { on: false, theme: null };

test.each([
  ["/map?place=ES/ES-MD", { on: true, theme: null }, "/map?place=ES/ES-MD&kiosk=1"],
  ["/overview", { on: true, theme: "light" }, "/overview?kiosk=1&theme=light"],
  ["/overview?kiosk=1&theme=dark", { on: true, theme: "light" }, "/overview?kiosk=1&theme=light"],
  ["/map?kiosk=1&place=DE&theme=dark", OFF, "/map?place=DE"],
  ["/overview?kiosk=1", OFF, "/overview"],
  ["/overview", { on: false, theme: "dark" }, "/overview"],
] as const)("%s with %j is %s", (address, kiosk, written) => {
  expect(withKiosk(address, kiosk)).toBe(written);
});

test("what is written reads back the same, and nonsense is off", () => {
  const kiosk = { on: true, theme: "dark" } as const;
  expect(parseKiosk(new URL(withKiosk("/map?place=DE", kiosk), "http://a.test").search)).toEqual(kiosk);
  expect(parseKiosk("?kiosk=yes&theme=pink")).toEqual(OFF);
});

test("12 px are 18 px at 1080p, and nothing is made smaller", () => {
  expect(12 * enlarged(1920, 1080)).toBe(18);
  expect(enlarged(3840, 2160)).toBe(3);
  expect(enlarged(390, 844)).toBe(1);
});

test("everything comes back to its place, a pixel at a time", () => {
  const places = Array.from({ length: 8 * SHIFT_PX + 1 }, (_, step) => shiftAt(step));
  expect(places.at(-1)).toEqual(places[0]);
  for (const [idx, place] of places.entries()) {
    const next = places[idx + 1] ?? place;
    expect(Math.abs(next.x - place.x) + Math.abs(next.y - place.y)).toBeLessThanOrEqual(1);
    expect(Math.max(Math.abs(place.x), Math.abs(place.y))).toBeLessThanOrEqual(SHIFT_PX);
  }
  expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(8 * SHIFT_PX);
});
