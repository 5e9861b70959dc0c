import { expect, test } from "vitest";
import { bestLag, lagWords } from "./lag";

const errors = Array.from({ length: 60 }, (_, idx) =>
  idx >= 20 && idx < 32 ? 50 + (idx % 5) : 3 + (idx % 4),
);
const moved = (steps: number) => errors.map((_, idx) => (errors[idx - steps] ?? 3) * 0.7 + 20);

test.each([0, 4, -6, 15])("a series moved by %i steps is found", (steps) => {
  const lag = bestLag(errors, moved(steps), 15);
  expect(lag?.steps).toBe(steps);
  expect(lag?.r).toBeGreaterThan(0.95);
});

test("beyond the limit nothing is looked for", () => {
  expect(Math.abs(bestLag(errors, moved(15), 5)?.steps ?? 0)).toBeLessThanOrEqual(5);
});

test("gaps make no pairs, and too few pairs say nothing", () => {
  const gappy = moved(3).map((value, idx) => (idx % 3 === 0 ? null : value));
  expect(bestLag(errors, gappy, 15)?.steps).toBe(3);
  expect(bestLag(errors.slice(0, 9), errors.slice(0, 9), 5)).toBeNull();
  expect(bestLag(errors, [], 5)).toBeNull();
});

test("what never changes goes with nothing", () => {
  expect(
    bestLag(
      errors,
      errors.map(() => 1e12),
      15,
    ),
  ).toBeNull();
});

test("of equal lags the smallest is named", () => {
  const wave = Array.from({ length: 60 }, (_, idx) => idx % 2);
  expect(bestLag(wave, wave, 10)?.steps).toBe(0);
});

test("in words", () => {
  expect(lagWords({ steps: 0, r: 0.9 }, 1)).toBe("with the errors");
  expect(lagWords({ steps: -3, r: 0.9 }, 1)).toBe("3 min before the errors");
  expect(lagWords({ steps: 1, r: 0.5 }, 2.5)).toBe("2.5 min after the errors");
  expect(lagWords({ steps: 1, r: 0.49 }, 1)).toBeNull();
  expect(lagWords(null, 1)).toBeNull();
});
