import { expect, test } from "vitest";
import type { Incident } from "./incidents-api";
import { isMuted, lampOf, mapSearch, openIncidents, pastOf, standingOf, webLink } from "./incidents";
import { incident } from "./incidents.sample";

test("what nobody has taken comes first, then the most severe, then the longest open", () => {
  const all = [
    incident({ id: "a", acked_at: 9 }),
    incident({ id: "b", state: "closed" }),
    incident({ id: "c", opened_at: 4 }),
    incident({ id: "d", opened_at: 3 }),
    incident({ id: "e", severity: "critical", opened_at: 8 }),
    incident({ id: "f", severity: "critical", mute: "silenced" }),
    incident({ id: "g", state: "recovering", severity: "warning" }),
  ];
  expect(openIncidents(all).map(({ id }) => id)).toEqual(["e", "d", "c", "g", "a", "f"]);
});

test("what gathers is not muted", () => {
  expect(isMuted(incident({ mute: "gathering" }))).toBe(false);
  expect(isMuted(incident({ mute: "parked" }))).toBe(true);
});

test("an acknowledged incident reads so while it fires", () => {
  expect(standingOf(incident({ acked_at: 1 }))).toBe("acknowledged");
  expect(standingOf(incident({ acked_at: 1, state: "closed" }))).toBe("closed");
});

test("the past of a rule is what was classed, without the incident itself", () => {
  const all = [
    incident({ id: "a", class: "tune", opened_at: 1 }),
    incident({ id: "b", class: "action", opened_at: 2 }),
    incident({ id: "c" }),
    incident({ id: "d", class: "action", rule: "other" }),
  ];
  expect(pastOf(all, all[0] as Incident).map(({ id }) => id)).toEqual(["b"]);
  expect(pastOf(all, incident({ id: "x" })).map(({ id }) => id)).toEqual(["b", "a"]);
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

test("only web addresses become links", () => {
  expect(webLink("https://wiki.test/a")).toBe("https://wiki.test/a");
  expect(webLink("javascript:alert(1)")).toBeNull();
  expect(webLink("disk-full")).toBeNull();
});

test("a silent feed is never OK", () => {
  expect(lampOf([], false).word).toBe("No fresh data");
  expect(lampOf([], true).word).toBe("OK");
  expect(lampOf([incident({})], true, "blue").shape).toBe("ring");
  expect(lampOf([], true, "green").word).toBe("OK");
  expect(lampOf([incident({})], false)).toEqual({ shape: "diamond", word: "1 firing" });
});

test("the lamp tells what somebody has taken from what nobody has", () => {
  const taken = incident({ acked_at: 1 });
  expect(lampOf([taken], true)).toEqual({ shape: "half", word: "1 acknowledged" });
  expect(lampOf([taken, incident({})], true).word).toBe("1 firing");
  expect(lampOf([incident({ mute: "silenced" })], true).word).toBe("OK, 1 muted");
});
