import { expect, test } from "vitest";
import { best, fit, folded } from "./fuzzy";

const all = [
  "Map",
  "Incidents",
  "Germany",
  "Georgia",
  "Algeria",
  "São Tomé",
  "United Kingdom",
  "Türkiye",
  "Øresund",
].map((name) => ({ name, text: folded(name) }));
const first = (query: string) => best(all, query, 3)[0]?.name;

test.each([
  ["germ", "Germany"],
  ["ge", "Germany"],
  ["geo", "Georgia"],
  ["gmy", "Germany"],
  ["uk", "United Kingdom"],
  ["sao", "São Tomé"],
  ["TURK", "Türkiye"],
  ["ore", "Øresund"],
  ["united k", "United Kingdom"],
])("%s finds %s", (query, name) => {
  expect(first(query)).toBe(name);
});

test("what is not there in order is not found, and nothing asked finds all in their order", () => {
  expect(fit("yg", "germany")).toBeNull();
  expect(first("zzz")).toBeUndefined();
  expect(best(all, " ", 2).map(({ name }) => name)).toEqual(["Map", "Incidents"]);
});
