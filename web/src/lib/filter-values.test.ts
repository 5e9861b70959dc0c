import { expect, test } from "vitest";
import { addressOf } from "./api";
import { facetAsk, facetValuesOf, matching } from "./filter-values";
import { parsePlace } from "./places";

test("what there is to choose from is asked for a window, a place and what is chosen", () => {
  const ask = facetAsk({ from: 1, to: 2 }, parsePlace("DE"), { path: "/checkout", host: "web-1" });
  expect(addressOf(ask)).toBe("/api/v1/queries/facet_values?from=1&to=2&country=DE&host=web-1&path=%2Fcheckout");
});

test("values without a name or of another facet are left out", () => {
  const rows = [
    ["path", "/a", 10, 2],
    ["path", null, 5, 0],
    ["method", "GET", 5, 0],
  ] as const;
  const names = ["facet", "value", "n", "k"];
  const columns = names.map((name) => ({ name, type: "text" }));
  const data = names.map((_, at) => rows.map((row) => row[at] ?? null));
  const answer = { query: "", sql: "", columns, data, n_rows: 3, truncated: false, elapsed_ms: 0 };
  expect(facetValuesOf(answer)).toEqual([{ field: "path", value: "/a", n: 10, k: 2 }]);
});

test("a search finds all its words, whatever their marks", () => {
  const values = ["Telefónica de España", "Deutsche Telekom", "Vodafone"].map((value) => ({ value }));
  expect(matching(values, "tele").map(({ value }) => value)).toEqual(["Telefónica de España", "Deutsche Telekom"]);
  expect(matching(values, "telefonica esp")).toHaveLength(1);
  expect(matching(values, "")).toHaveLength(3);
});
