import { expect, test } from "vitest";
import { addressOf } from "./api";
import { WORLD, parsePlace, type Level } from "./places";
import { planOf } from "./plan";
import { HOUR, windowsOf, type View } from "./windows";

const END = 100 * HOUR;

function check(view: View, level: Level, place: string, cells: string, cities: string | null) {
  const plan = planOf(level, parsePlace(place), windowsOf(view, null, END));
  expect(addressOf(plan.cells)).toBe(`/api/v1/queries/${cells}`);
  expect(plan.cities && addressOf(plan.cities)).toBe(cities && `/api/v1/queries/${cities}`);
}

const day = `from=${76 * HOUR}&to=${END}`;
const hour = `from=${99 * HOUR}&to=${END}`;
const both = `${hour}&base_from=${76 * HOUR}&base_to=${99 * HOUR}`;

test("each level asks for its areas and the cities over them", () => {
  check("day", "country", "", `errors_by_country?${day}`, `errors_by_city?${day}`);
  check("hour", "region", "ES", `errors_by_region?${hour}&country=ES`, `errors_by_city?${hour}&country=ES`);
  check("day", "city", "ES/ES-MD", `errors_by_city?${day}&country=ES&region=ES-MD`, null);
  check("day", "city", "AX", `errors_by_city?${day}&country=AX`, null);
});

test("the difference asks for both windows", () => {
  check("difference", "country", "", `change_by_country?${both}`, `change_by_city?${both}`);
});

test("all but the hosts are of the requests that are filtered by", () => {
  const plan = planOf("country", WORLD, windowsOf("hour", null, END), { path: "/checkout" });
  for (const ask of [plan.cells, plan.cities, plan.series]) expect(ask?.params).toMatchObject({ path: "/checkout" });
  expect(plan.hosts.params).not.toHaveProperty("path");
});

test("the series follows the place down to the city, the hosts do not", () => {
  const plan = planOf("city", parsePlace("ES/ES-MD/Madrid"), windowsOf("hour", null, END));
  expect(plan.series.params).toEqual({
    from: 76 * HOUR,
    to: END,
    bucket_s: 300,
    country: "ES",
    region: "ES-MD",
    city: "Madrid",
  });
  expect(plan.hosts.params).toEqual({ from: 76 * HOUR, to: END, bucket_s: 300 });
});
