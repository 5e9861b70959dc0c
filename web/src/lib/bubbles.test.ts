import { expect, test } from "vitest";
import { bubbleAt, type Bubble } from "./bubbles";
import type { Cell } from "./cells";
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
