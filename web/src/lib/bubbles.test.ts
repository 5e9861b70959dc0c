import { expect, test } from "vitest";
import { bubbleAt, bubblePaint, type Bubble } from "./bubbles";
import type { Cell, Reading } from "./cells";
import { WHOLE } from "./zoom";

const bubble = (name: string, x: number, r: number): Bubble => {
  return { cell: { name } as Cell, x, y: 50, r, paint: "" };
};
const bubbles = [bubble("large", 100, 20), bubble("small", 110, 3), bubble("tiny", 200, 0.5)];
const nameAt = (x: number, zoom = WHOLE) => bubbleAt(bubbles, zoom, x, 50)?.cell.name;

test("the pointer finds the bubble on top, zoomed or not", () => {
  expect(nameAt(90)).toBe("large");
  expect(nameAt(110)).toBe("small");
  expect(nameAt(150)).toBeUndefined();
  expect(bubbleAt(bubbles, { k: 4, x: -400, y: -200 }, 40, 0)?.cell.name).toBe("small");
});

test("what is not drawn is not found, and is there once the map has grown", () => {
  expect(nameAt(200)).toBeUndefined();
  expect(bubbleAt(bubbles, { k: 8, x: -1500, y: -350 }, 100, 50)?.cell.name).toBe("tiny");
});

test("over areas a bubble has a colour only where it is clearly better or worse itself", () => {
  const surprise: Reading = { metric: "surprise", hours: 1, baseHours: 23 };
  const difference: Reading = { ...surprise, metric: "rate" };
  const day: Reading = { metric: "rate", hours: 24, baseHours: null };
  const city = (n: number, z: number, change: number, significant: boolean) =>
    ({ n, k: 9, shrunk: 0.06, change: { n: 9000, k: 9, rate: 0.001, change, significant, z } }) as Cell;
  const [worse, better] = [city(900, 40, 0.05, true), city(900, -6, -0.03, true)];
  const [same, few] = [city(900, 1, 0.002, false), city(20, 40, 0.05, true)];
  const rows: [Cell, Reading, string, string][] = [
    [worse, surprise, "change-6", "change-6"],
    [better, surprise, "change-1", "change-1"],
    [same, surprise, "outline", "change-3"],
    [few, surprise, "outline", "change-6 few"],
    [worse, difference, "change-6", "change-6"],
    [better, difference, "change-0", "change-0"],
    [same, difference, "outline", "change-4 muted"],
    [few, difference, "outline", "change-6 few"],
    [city(0, 0, 0, false), day, "", "rate-5 few"],
    [worse, day, "", "rate-5"],
  ];
  for (const [cell, reading, over, alone] of rows) {
    expect([bubblePaint(cell, reading, true), bubblePaint(cell, reading, false)]).toEqual([over, alone]);
  }
});
