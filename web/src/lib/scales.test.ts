import { expect, test } from "vitest";
import { CHANGE, COUNT, RATE, radius, stepOf } from "./scales";

test.each([
  [RATE, 0, 0],
  [RATE, 0.000999, 0],
  [RATE, 0.001, 1],
  [RATE, 0.0199, 3],
  [RATE, 0.05, 5],
  [RATE, 1, 5],
  [COUNT, 0, 0],
  [COUNT, 1, 1],
  [COUNT, 10_000, 5],
  [CHANGE, -0.5, 0],
  [CHANGE, 0, 3],
  [CHANGE, 0.02, 6],
])("a value has one step", (scale, value, step) => {
  expect(stepOf(scale, value)).toBe(step);
});

test("the change scale is symmetric", () => {
  for (const threshold of CHANGE.thresholds) expect(CHANGE.thresholds).toContain(-threshold);
});

test("a bubble of a quarter of the errors has half the radius", () => {
  expect(radius(25, 100, 20)).toBe(10);
  expect(radius(0, 100, 20)).toBe(0);
  expect(radius(5, 0, 20)).toBe(0);
});
