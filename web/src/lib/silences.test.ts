import { expect, test } from "vitest";
import { incident } from "./incidents.sample";
import type { Silence } from "./incidents-api";
import { heldBack, orderedSilences, parseMatchers, silenceMs, silenceState } from "./silences";

const NOW = 1_000_000;
const silence = (id: string, change: Partial<Silence>): Silence => ({
  id,
  matchers: {},
  author: "ana",
  reason: "r",
  created_us: 0,
  expires_us: (NOW + 1) * 1000,
  until_clear: false,
  ended_us: null,
  ...change,
});

test("a silence is active until it expires or is ended", () => {
  expect(silenceState(silence("a", {}), NOW)).toBe("active");
  expect(silenceState(silence("a", { expires_us: NOW * 1000 }), NOW)).toBe("over");
  expect(silenceState(silence("a", { ended_us: 5 }), NOW)).toBe("ended");
});

test("the next to end comes first, what is over last", () => {
  const all = [
    silence("a", { ended_us: 1, created_us: 5 }),
    silence("b", { expires_us: (NOW + 9) * 1000 }),
    silence("c", { ended_us: 1, created_us: 9 }),
    silence("d", {}),
  ];
  expect(orderedSilences(all, NOW).map(({ id }) => id)).toEqual(["d", "b", "c", "a"]);
});

test("matchers come from lines, values may hold anything", () => {
  expect(parseMatchers("country=DE\nhost=a=b\n=x\nnonsense")).toEqual([
    { name: "country", value: "DE" },
    { name: "host", value: "a=b" },
  ]);
});

test("all matchers have to hold, none hold nothing back", () => {
  const all = [
    incident({ id: "a" }),
    incident({ id: "b", labels: { country: "ES" } }),
    incident({ id: "c", state: "closed" }),
  ];
  const ids = (text: string) => heldBack(all, parseMatchers(text)).map(({ id }) => id);
  expect(ids("country=DE")).toEqual(["a"]);
  expect(ids("team=web")).toEqual(["a", "b"]);
  expect(ids("team=web\ncountry=FR")).toEqual([]);
  expect(ids("")).toEqual([]);
});

test.each<[string, number | null]>([
  ["2h", 7_200_000],
  [" 30m ", 1_800_000],
  ["30d", 2_592_000_000],
  ["31d", null],
  ["0h", null],
  ["2 h", null],
  ["soon", null],
])("%s as a span is %s", (text, ms) => {
  expect(silenceMs(text)).toBe(ms);
});
