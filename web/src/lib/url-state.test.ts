import { expect, test } from "vitest";
import { formatUrl, linkSecret, parseUrl, type Twin } from "./url-state";

test.each([
  ["", "/map"],
  ["?view=hour", "/map?view=hour"],
  ["?view=difference&metric=count", "/map?metric=count&view=difference"],
  ["?place=ES/ES-MD/Madrid", "/map?place=ES/ES-MD/Madrid"],
  ["?place=ES%2FES-MD%2FM%C3%B3stoles", "/map?place=ES/ES-MD/M%C3%B3stoles"],
  ["?from=1000&to=2000", "/map?from=1000&to=2000&view=custom"],
  ["?from=1000&to=2000&view=day", "/map?from=1000&to=2000&view=custom"],
  ["?from=1000&to=2000&view=difference", "/map?from=1000&to=2000&view=difference"],
  ["?as_org=AT%26T&path=%2Fa%20b&host=", "/map?path=/a%20b&as_org=AT%26T"],
  // Nonsense falls back to the ordinary view.
  ["?view=custom", "/map"],
  ["?view=x&metric=y&place=z", "/map"],
  ["?from=2000&to=1000", "/map"],
  ["?from=1e3&to=9999999999999999", "/map"],
  ["?from=-5&to=5", "/map"],
])("%s is %s", (search, written) => {
  expect(formatUrl(parseUrl(search))).toBe(written);
});

test("what is written reads back the same", () => {
  for (const view of ["day", "hour", "difference"] as const) {
    for (const metric of ["rate", "count"] as const) {
      for (const city of ["Madrid", "A/B", "100% & more", "#?=+", "東京"]) {
        const as: Twin = view === "hour" ? "treemap" : "map";
        const state = { view, metric, place: { country: "ES", region: "ES-MD", city }, window: null, as, filters: { path: city } };
        const url = formatUrl(state);
        expect(parseUrl(url.slice("/map".length))).toEqual(state);
      }
    }
  }
});

test("the secret of a sign-in link", () => {
  expect(linkSecret("#secret=abc-DEF_1")).toBe("abc-DEF_1");
  expect(linkSecret("#secret=")).toBeNull();
  expect(linkSecret("")).toBeNull();
});
