import { expect, test } from "vitest";
import { constantOf, shapeOf, shapesOf } from "./line-shapes";

test.each([
  ["no free worker within 10 s", "no free worker within ‹n› s"],
  ["Invalid user bob from 222.255.221.164 port 43308", "Invalid user bob from ‹address› port ‹n›"],
  ["from fe80::1ff:fe23:4567:890a dropped", "from ‹address› dropped"],
  ["order 7c9e6679-7425-40de-944b-e07fc1f90ae7 placed", "order ‹uuid› placed"],
  ["commit 9f86d081884c7d65 at 0xdeadbeef", "commit ‹hex› at ‹hex›"],
  ['user "O\\"Brien 7" left', "user ‹text› left"],
  ["all workers' CPU isn't free", "all workers' CPU isn't free"],
  ["field 'a b' is 'c'", "field ‹text› is ‹text›"],
  ["/cart/1234/items/5", "/cart/‹n›/items/‹n›"],
  ["took 0.25 s", "took ‹n› s"],
  ["a decade defaced", "a decade defaced"],
  ["at 12:30:45 it", "at ‹n›:‹n›:‹n› it"],
  ["", ""],
])("%s has the shape %s", (text, shape) => {
  expect(shapeOf(text)).toBe(shape);
});

test("a long hostile text takes no time", () => {
  const start = performance.now();
  for (const text of ['"'.repeat(20_001), "'".repeat(20_001), "a:".repeat(20_000), "1.".repeat(20_000)])
    shapeOf(text);
  expect(performance.now() - start).toBeLessThan(500);
});

test("the most frequent comes first, with its newest line", () => {
  const sample = (text: string, ms: number) => ({ text, ms, level: null });
  const shapes = shapesOf([sample("a 1", 5), sample("b", 6), sample("a 2", 9), sample("a 3", 7)]);
  expect(shapes).toEqual([
    { shape: "a ‹n›", n: 3, example: "a 2", first: 5, last: 9 },
    { shape: "b", n: 1, example: "b", first: 6, last: 6 },
  ]);
});

test("what every line of a shape has", () => {
  expect(constantOf("no free worker within ‹n› s")).toBe("no free worker within");
  expect(constantOf("‹n›")).toBe("");
});
