import { expect, test } from "vitest";
import { findingLink, windowOfIncident } from "./incident-links";
import { MINUTE } from "./windows";

const ORIGIN = "http://a.test";
const window = { from: 1, to: 5 };

test.each([
  ["host", "web-2", "/lines?from=1&to=5&status=5xx&host=web-2"],
  ["as_org", "AT&T", "/lines?from=1&to=5&status=5xx&as_org=AT%26T"],
  ["country", "DE", "/lines?from=1&to=5&status=5xx&country=DE"],
  ["path", null, "/lines?from=1&to=5&status=5xx&path="],
  ["region", "DE-HE", "/map?from=1&to=5&place=DE/DE-HE&view=custom"],
  ["region", null, null],
  ["region", "?", null],
  ["city", "Bonn", null],
  ["status", "503", null],
])("%s %s leads to %s", (dimension, value, address) => {
  expect(findingLink({ dimension, value }, window, "status >= 500")).toBe(address);
});

test("what is not about failed requests has the one filter only", () => {
  expect(findingLink({ dimension: "host", value: "a" }, window, "level = 'error'")).toBe("/lines?from=1&to=5&host=a");
});

test("the window is that of the map, or else the time it was open", () => {
  const incident = { client_url: `${ORIGIN}/map?from=1&to=5&place=DE`, opened_at: 10, closed_at: null };
  expect(windowOfIncident(incident, 90, ORIGIN)).toEqual(window);
  const bare = { ...incident, client_url: "" };
  expect(windowOfIncident(bare, 90 * MINUTE, ORIGIN)).toEqual({ from: 10, to: 90 * MINUTE });
  expect(windowOfIncident({ ...bare, closed_at: 10 }, 90, ORIGIN)).toEqual({ from: 10, to: 10 + MINUTE });
});
