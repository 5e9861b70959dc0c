import { expect, test } from "vitest";
import type { Incident } from "./api";
import { lampOf, mapSearch, openIncidents } from "./incidents";

const incident = (id: string, state: Incident["state"], opened_at: number): Incident => ({
  id,
  rule: "r",
  state,
  opened_at,
});

test("firing comes before pending, closed ones are over", () => {
  const all = [
    incident("a", "pending", 1),
    incident("b", "closed", 2),
    incident("c", "firing", 4),
    incident("d", "firing", 3),
  ];
  expect(openIncidents(all).map(({ id }) => id)).toEqual(["d", "c", "a"]);
});

test.each([
  ["http://127.0.0.1:7171/map?place=DE", "?place=DE"],
  ["/map?place=DE", "?place=DE"],
  ["javascript:alert(1)", null],
  ["http://127.0.0.1:7171/other", null],
  [null, null],
])("the link %s leads to %s", (url, search) => {
  expect(mapSearch(url, "http://127.0.0.1:7171")).toBe(search);
});

test("a silent feed is never OK", () => {
  expect(lampOf([], false).word).toBe("No fresh data");
  expect(lampOf([], true).word).toBe("OK");
  expect(lampOf([incident("a", "firing", 1)], false)).toEqual({ shape: "diamond", word: "1 firing" });
});
