import { expect, test } from "vitest";
import { formatPlace, levelOf, parentOf, parsePlace, trail, placeName } from "./places";

test.each([
  ["", ""],
  ["ES", "ES"],
  ["ES/ES-MD", "ES/ES-MD"],
  ["ES/ES-MD/Madrid", "ES/ES-MD/Madrid"],
  ["ES//Madrid", "ES//Madrid"],
  ["BE/BE-BRU/Bruxelles%2FBrussel", "BE/BE-BRU/Bruxelles%2FBrussel"],
  ["FR/FR-IDF/100%25", "FR/FR-IDF/100%25"],
  // A region of another country, a lower-case code, markup: up to what is known.
  ["ES/FR-IDF/Paris", "ES"],
  ["es", ""],
  ["<script>", ""],
  ["ES/ES-MD/", "ES/ES-MD"],
])("place %s reads and writes as %s", (text, written) => {
  expect(formatPlace(parsePlace(text))).toBe(written);
});

test("an escaped percent sign does not turn into a slash", () => {
  const place = { country: "ES", region: "ES-MD", city: "a%2Fb" };
  expect(parsePlace(formatPlace(place))).toEqual(place);
});

test("Esc climbs one step at a time", () => {
  const madrid = parsePlace("ES/ES-MD/Madrid");
  expect(trail(madrid).map(formatPlace)).toEqual(["", "ES", "ES/ES-MD", "ES/ES-MD/Madrid"]);
  expect(parentOf(parsePlace(""))).toBeNull();
});

test.each([
  ["", "country"],
  ["ES", "region"],
  ["AX", "city"],
  ["ES/ES-MD", "city"],
  ["ES/ES-MD/Madrid", "city"],
])("the areas of %s are of level %s", (text, level) => {
  expect(levelOf(parsePlace(text), (country) => country === "ES")).toBe(level);
});

test("a place without a name is called by its code", () => {
  expect(placeName({ country: "DE", region: null, city: null }, null)).toBe("DE");
  expect(placeName({ country: "ES", region: "ES-MD", city: "Madrid" }, null)).toBe("Madrid");
});
