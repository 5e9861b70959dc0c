import { expect, test } from "vitest";
import { NOTHING, facetsOf, isPart, pageAfter, paramsOf, parseFilters, sharedBy, without } from "./filters";
import { parseOverview, formatOverview } from "./overview";
import { WORLD, parsePlace } from "./places";
import { parseRoute, type PageName } from "./routes";
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

/** Where the link leads after these addresses have been seen. */
function linkTo(to: PageName, ...seen: string[]): string {
  let shared = NOTHING;
  const left: Partial<Record<PageName, string>> = {};
  let page: PageName = "map";
  for (const address of seen) {
    const { pathname, search } = new URL(address, "http://a.test");
    page = parseRoute(pathname, search).page;
    shared = sharedBy(page, search, shared);
    left[page] = search;
  }
  return decodeURIComponent(pageAfter(to, page, shared, left[to]));
}

test("window, place and filters go from page to page, also over pages that know less of them", () => {
  const map = "/map?from=1&to=2&place=DE/DE-BE&view=custom&path=/checkout&as_org=AT%26T";
  const kept = "path=/checkout&as_org=AT&T";
  const rows: [PageName, string[], string][] = [
    ["time", [map], `/time?${kept}&from=1&to=2&place=DE/DE-BE`],
    ["overview", [map], `/overview?${kept}&from=1&to=2`],
    ["lines", [map], `/lines?${kept}&from=1&to=2&country=DE`],
    ["lines", [map, "/overview?last=6h"], "/lines?country=DE"],
    ["map", [map], `/map?${kept}`],
    ["map", ["/lines?host=a&host=b&path=/&country=ES"], "/map?path=/&place=ES"],
    ["alerts", [map], "/alerts"],
    ["map", ["/incidents?from=1&to=2&place=DE&path=/"], "/map"],
    ["time", [map, "/incidents/1"], `/time?${kept}&from=1&to=2&place=DE/DE-BE`],
  ];
  for (const [to, seen, address] of rows) expect(linkTo(to, ...seen)).toBe(address);
});

test("a page is as one left it, but for what was chosen elsewhere since", () => {
  const map = "/map?place=DE/DE-BE&host=a&view=hour&metric=count";
  const fixed = "/map?from=5&to=6&as=table";
  const lines = "/lines?text=x&country=DE&country=ES&host=a&host=b";
  const rows: [PageName, string[], string][] = [
    ["map", [map, "/sources"], map],
    ["map", [map, "/overview?last=6h&host=a"], map],
    ["map", [map, "/overview", "/lines?country=DE&host=a"], map],
    ["map", [map, "/lines?host=a"], "/map?host=a&view=hour&metric=count"],
    ["map", [map, "/time?place=ES"], "/map?place=ES&view=hour&metric=count"],
    ["map", [fixed, "/overview?from=1&to=2"], "/map?from=1&to=2&as=table"],
    ["map", [fixed, "/overview?last=6h"], "/map?as=table"],
    ["lines", [lines, "/map"], lines],
    ["lines", [lines, "/map?place=FR&host=c"], "/lines?text=x&country=FR&host=c"],
    ["time", ["/time?days=28", "/map?view=hour&place=DE"], "/time?days=28&place=DE"],
  ];
  for (const [to, seen, address] of rows) expect(linkTo(to, ...seen)).toBe(address);
});

test("a filter is a facet of the lines, and makes a part of all", () => {
  const filters = { path: "/checkout", host: "web-1" };
  expect(facetsOf(filters)).toEqual({ host: ["web-1"], path: ["/checkout"] });
  expect(without(filters, "path")).toEqual({ host: "web-1" });
  expect(isPart(WORLD, {})).toBe(false);
  expect(isPart(WORLD, filters) && isPart(parsePlace("DE"), {})).toBe(true);
});
