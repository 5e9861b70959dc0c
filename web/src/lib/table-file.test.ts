import { expect, test } from "vitest";
import type { Cell } from "./cells";
import { csvOf } from "./table-file";

function cell(name: string, change: Cell["change"] = null): Cell {
  const place = { country: "ES", region: null, city: name };
  return {
    key: name,
    name,
    place,
    lat: null,
    lon: null,
    n: 10,
    k: 1,
    rate: 0.1,
    lo: 0,
    hi: 0.4,
    shrunk: 0.1,
    excess: -0.5,
    change,
  };
}

test("one line a cell", () => {
  expect(csvOf([cell("Madrid")]).split("\r\n")).toEqual([
    "country,region,city,name,requests,errors,rate,low_95,high_95,excess",
    "ES,,Madrid,Madrid,10,1,0.1,0,0.4,-0.5",
    "",
  ]);
});

test("names neither break out of their field nor run as formulas", () => {
  const text = csvOf([cell('=HYPERLINK("http://x")'), cell("a\r\nb,c"), cell("@SUM(A1)")]);
  expect(text).toContain(`"'=HYPERLINK(""http://x"")"`);
  expect(text).toContain('"a\r\nb,c"');
  expect(text).toContain("'@SUM(A1)");
});

test("a comparison has the numbers of before", () => {
  const change = { n: 5, k: 0, rate: 0, change: 0.01, significant: false, z: 0.7 };
  expect(csvOf([cell("Madrid", change)])).toMatch(/,5,0,0,0.01,0.7,false\r\n$/);
});
