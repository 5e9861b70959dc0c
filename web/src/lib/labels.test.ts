import { expect, test } from "vitest";
import { labelsOf } from "./labels";

const anchor = (name: string, x: number, y = 50) => ({ key: name, name, x, y, r: 4 });

test("names that would touch are left out, the first wins", () => {
  const labels = labelsOf(
    [anchor("Madrid", 200), anchor("Getafe", 205, 55), anchor("Sevilla", 100, 90)],
    400,
    9,
  );
  expect(labels.map(({ name, end }) => [name, end])).toEqual([
    ["Madrid", false],
    ["Getafe", true],
    ["Sevilla", false],
  ]);
  expect(labelsOf([anchor("A", 200), anchor("B", 200), anchor("C", 200)], 400, 9)).toHaveLength(2);
});

test("names stay in the picture", () => {
  expect(labelsOf([anchor("Barcelona", 390)], 400, 9)[0]).toMatchObject({ end: true });
});
