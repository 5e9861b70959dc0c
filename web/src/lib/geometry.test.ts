import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { namedIn, type Index } from "./geometry";

const { countries } = JSON.parse(readFileSync("../data/geo/shapes/index.json", "utf8")) as Index;

test("countries have their names in the language, and keep the server's", () => {
  expect(namedIn("de", countries)["ES"]).toMatchObject({ name: "Spanien", english: "Spain" });
  expect(namedIn("es", countries)["DE"]).toMatchObject({ name: "Alemania", english: "Germany" });
  expect(namedIn("en", countries)).toBe(countries);
});

test("a country is left as it is where the name is the same or unknown", () => {
  const odd = { QZ: { name: "Nowhere", lat: 0, lon: 0, admin1: false } };
  expect(namedIn("de", odd)).toEqual(odd);
  expect(namedIn("de", countries)["PE"]).toEqual(countries["PE"]);
});
