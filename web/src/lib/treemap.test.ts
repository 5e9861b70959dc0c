import { expect, test } from "vitest";
import type { Cell } from "./cells";
import type { Point } from "./power";
import { OTHERS, labelOf, sitesOf, splitOf } from "./treemap";

function cell(key: string, k: number, n = 1000): Cell {
  const place = key === "" ? null : { country: key, region: null, city: null };
  const rest = {
    lat: null,
    lon: null,
    rate: k / n,
    lo: null,
    hi: null,
    shrunk: null,
    excess: null,
    change: null,
  };
  return { key, name: key, place, n, k, ...rest };
}

const RECT = { width: 800, height: 400 };
const total = (cells: readonly { k: number; n: number }[]) =>
  cells.reduce((sum, { k, n }) => ({ k: sum.k + k, n: sum.n + n }), { k: 0, n: 0 });

test("the treemap adds up to the table, whatever is put together or has no area", () => {
  const cells = [cell("", 40), ...Array.from({ length: 400 }, (_, idx) => cell(`C${idx}`, idx % 300))];
  const { patches, others, without } = splitOf(cells);
  expect(patches.length).toBe(250);
  expect(patches.at(-1)).toMatchObject({ key: OTHERS, cell: null });
  expect(total([...patches, ...without])).toEqual(total(cells));
  expect(patches.length - 1 + others.length + without.length).toBe(cells.length);
});

test("dwarfs are put together, a single one is not", () => {
  const keys = (cells: Cell[]) => splitOf(cells).patches.map(({ key }) => key);
  expect(keys([cell("A", 1e6, 1e7), cell("B", 1), cell("C", 2)])).toEqual(["A", OTHERS]);
  expect(keys([cell("A", 1e6, 1e7), cell("B", 1)])).toEqual(["A", "B"]);
  expect(keys([cell("A", 0)])).toEqual([]);
});

test("the west is on the left, the north is at the top, no two start at one point", () => {
  const { patches } = splitOf([cell("US", 9), cell("DE", 8), cell("ZA", 7), cell("", 6), cell("XX", 5)]);
  const at = { US: [-97, 39], DE: [10, 51], ZA: [25, -29] } as Record<string, [number, number]>;
  const sites = sitesOf(patches, ({ key }) => at[key] ?? null, RECT);
  const [us, de, za] = sites;
  expect(us!.x).toBeLessThan(de!.x);
  expect(de!.y).toBeLessThan(za!.y);
  expect(new Set(sites.map(({ x, y }) => `${x} ${y}`)).size).toBe(5);
  expect(sites.map(({ weight }) => weight)).toEqual([9, 8, 7, 6, 5]);
});

const box = (width: number, height: number): Point[] => [
  [0, 0],
  [width, 0],
  [width, height],
  [0, height],
];

test("names are as large as fits, are cut, or are left out", () => {
  expect(labelOf("Germany", "1 204", box(300, 200))).toMatchObject({
    size: 18,
    hasValue: true,
    x: 150,
    y: 100,
  });
  expect(labelOf("Germany", "1 204", box(80, 16))).toMatchObject({ hasValue: false, name: "Germany" });
  expect(labelOf("Saint Vincent", "12", box(60, 60))).toMatchObject({
    name: expect.stringMatching(/^Saint.*…$/),
  });
  expect(labelOf("Germany", "1", box(20, 20))).toBeNull();
});
