import { expect, test } from "vitest";
import { facetsOf, isPart, pageAfter, paramsOf, parseFilters, without } from "./filters";
import { parseOverview, formatOverview } from "./overview";
import { WORLD, parsePlace } from "./places";
import { formatTime, parseTime } from "./time-page";
import { formatUrl, parseUrl } from "./url-state";

const HARD = ["/checkout", "/a b/?x=1&y=#2", "100% + more", "東京/ñ", "AT&T", "' OR 1=1 --", "\u202egnp"];

test("whatever is chosen reads back the same, on every page", () => {
  for (const path of HARD) {
    const filters = { service: "web", path, as_org: "Telefónica de España" };
    const search = `?${new URLSearchParams(paramsOf(filters))}`;
    expect(parseFilters(new URLSearchParams(search))).toEqual(filters);
    const after = (address: string) => new URL(address, "http://a.test").search;
    expect(parseUrl(after(formatUrl(parseUrl(search)))).filters).toEqual(filters);
    expect(parseTime(after(formatTime(parseTime(search)))).filters).toEqual(filters);
    expect(parseOverview(after(formatOverview(parseOverview(search)))).filters).toEqual(filters);
  }
});

test("nonsense is no filter, and neither are several values", () => {
  const read = (search: string) => parseFilters(new URLSearchParams(search));
  expect(read("?host=&service=a&service=b&city=x")).toEqual({});
  expect(read(`?path=${"a".repeat(1001)}`)).toEqual({});
});

test("pages that count the same requests go on with them", () => {
  const search = "?from=1&to=2&place=DE/DE-BE&view=custom&path=%2Fcheckout&as_org=AT%26T";
  const kept = "path=%2Fcheckout&as_org=AT%26T";
  expect(pageAfter("time", "map", search)).toBe(`/time?place=DE%2FDE-BE&${kept}`);
  expect(pageAfter("overview", "map", search)).toBe(`/overview?${kept}`);
  expect(pageAfter("lines", "map", search)).toBe(`/lines?country=DE&${kept}`);
  expect(pageAfter("map", "map", search)).toBe(`/map?${kept}`);
  expect(pageAfter("map", "lines", "?host=a&host=b&path=%2F&country=ES")).toBe("/map?place=ES&path=%2F");
  expect(pageAfter("alerts", "map", search)).toBe("/alerts");
  expect(pageAfter("map", "incidents", search)).toBe("/map");
});

test("a filter is a facet of the lines, and makes a part of all", () => {
  const filters = { path: "/checkout", host: "web-1" };
  expect(facetsOf(filters)).toEqual({ host: ["web-1"], path: ["/checkout"] });
  expect(without(filters, "path")).toEqual({ host: "web-1" });
  expect(isPart(WORLD, {})).toBe(false);
  expect(isPart(WORLD, filters) && isPart(parsePlace("DE"), {})).toBe(true);
});
