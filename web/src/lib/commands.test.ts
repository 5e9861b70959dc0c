import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandsOf } from "./commands";
import { best } from "./fuzzy";
import type { Index } from "./geometry";

const index = JSON.parse(readFileSync("../data/geo/shapes/index.json", "utf8")) as Index;
const all = commandsOf(index);
const first = (query: string) => best(all, query, 1)[0];

test.each([
  ["germany", "Germany"],
  ["germ", "Germany"],
  ["DE", "Germany"],
  ["bav", "Bavaria"],
  ["last hour", "Last hour"],
  ["treemap", "As a treemap"],
  ["inc", "Incidents"],
  ["surp", "Surprise"],
])("%s finds %s", (query, label) => {
  expect(best(all, query, 3).map((one) => one.label)).toContain(label);
});

test("Germany is first of what starts like it", () => {
  expect(first("germ")).toMatchObject({ label: "Germany", to: { place: { country: "DE" } } });
});

test("without outlines there are still pages and windows", () => {
  expect(commandsOf(null).length).toBeGreaterThan(10);
});
