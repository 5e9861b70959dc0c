import { expect, test } from "vitest";
import { WHOLE, panned, wheelFactor, zoomedAt } from "./zoom";

const SIZE = { width: 800, height: 400 };

test("what is under the pointer stays there", () => {
  const zoom = zoomedAt(WHOLE, 4, 300, 100, SIZE);
  expect(zoom.k).toBe(4);
  expect(zoom.k * 300 + zoom.x).toBeCloseTo(300);
  expect(zoom.k * 100 + zoom.y).toBeCloseTo(100);
});

test("the picture never leaves its frame, nor gets smaller than it", () => {
  expect(panned(WHOLE, 50, -50, SIZE)).toEqual(WHOLE);
  const near = zoomedAt(WHOLE, 2, 0, 0, SIZE);
  expect(panned(near, 100, 100, SIZE)).toEqual({ k: 2, x: 0, y: 0 });
  expect(panned(near, -9999, -9999, SIZE)).toEqual({ k: 2, x: -800, y: -400 });
  expect(zoomedAt(near, 0.1, 700, 300, SIZE)).toEqual(WHOLE);
  expect(zoomedAt(WHOLE, 1e9, 1, 1, SIZE).k).toBe(40);
});

test("a wheel that counts lines zooms like one that counts pixels", () => {
  expect(wheelFactor({ deltaY: -6, deltaMode: 1 })).toBe(wheelFactor({ deltaY: -96, deltaMode: 0 }));
  expect(wheelFactor({ deltaY: 100, deltaMode: 0 })).toBeLessThan(1);
  expect(wheelFactor({ deltaY: -1e9, deltaMode: 0 })).toBeLessThan(3);
});
