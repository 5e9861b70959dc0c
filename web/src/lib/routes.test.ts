import { expect, test } from "vitest";
import { formatRoute, inner, parseRoute, pathOf } from "./routes";

test.each([
  ["/map", "?place=DE", "/map?place=DE"],
  ["/incidents", "", "/incidents"],
  ["/incidents/", "", "/incidents"],
  ["/incidents/0b1c", "", "/incidents/0b1c"],
  ["/alerts/a%2Fb%20c", "?span=6h", "/alerts/a%2Fb%20c?span=6h"],
  // Nonsense is the map.
  ["/", "", "/map"],
  ["/nowhere", "?x=1", "/map"],
  ["/sql", "?q=SELECT+1", "/sql?q=SELECT+1"],
  ["/settings", "", "/settings"],
  ["/map/deeper", "", "/map"],
  ["/incidents/a/b", "", "/map"],
  ["/incidents/%E0%A4%A", "", "/incidents"],
])("%s%s is %s", (pathname, search, written) => {
  expect(formatRoute(parseRoute(pathname, search))).toBe(written);
});

test("what is written reads back the same", () => {
  for (const id of ["x", "a/b", "100% & more", "#?=+", "東京", "../map"]) {
    const address = new URL(pathOf("alerts", id, { instance: id }), "http://a.test");
    const route = parseRoute(address.pathname, address.search);
    expect(route.id).toBe(id);
    expect(new URLSearchParams(route.search).get("instance")).toBe(id);
  }
});

test("empty parameters are left out", () => {
  expect(pathOf("incidents", null, { state: "open", team: "", rule: null })).toBe("/incidents?state=open");
});

test.each([
  ["/map?place=DE", "/map?place=DE"],
  ["/incidents/1#x", "/incidents/1"],
  ["/runbooks/disk-full", null],
  ["https://elsewhere.test/map", null],
  ["javascript:alert(1)", null],
  ["/mapper", null],
])("the link %s stays as %s", (href, address) => {
  expect(inner(href, "http://127.0.0.1:7171")).toBe(address);
});
