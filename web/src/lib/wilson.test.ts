import { expect, test } from "vitest";
import { wilson } from "./wilson";

test("the interval is Wilson's", () => {
  const { lo, hi } = wilson(8, 13);
  expect(lo).toBeCloseTo(0.355, 3);
  expect(hi).toBeCloseTo(0.823, 3);
  expect(wilson(0, 0)).toEqual({ lo: null, hi: null });
});
