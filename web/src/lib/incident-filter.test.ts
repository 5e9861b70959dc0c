import { expect, test } from "vitest";
import { choices, formatFilter, listed, parseFilter } from "./incident-filter";
import { incident } from "./incidents.sample";

test.each([
  ["", "/incidents"],
  ["?state=open&team=web", "/incidents?state=open&team=web"],
  ["?rule=a%20b", "/incidents?rule=a+b"],
  ["?state=nonsense&x=1", "/incidents"],
])("%s is %s", (search, written) => {
  expect(formatFilter(parseFilter(search))).toBe(written);
});

const all = [
  incident({ id: "a", team: "web" }),
  incident({ id: "b", team: "ops", rule: "disk" }),
  incident({ id: "c", state: "closed", closed_at: 5 }),
  incident({ id: "d", state: "closed", closed_at: 9 }),
];
const ids = (search: string) => {
  const { open, closed } = listed(all, parseFilter(search));
  return [open.map(({ id }) => id).join(""), closed.map(({ id }) => id).join("")];
};

test("open ones, then the latest that ended", () => {
  expect(ids("")).toEqual(["ab", "dc"]);
  expect(ids("?state=open")).toEqual(["ab", ""]);
  expect(ids("?state=closed")).toEqual(["", "dc"]);
  expect(ids("?team=ops")).toEqual(["b", ""]);
  expect(ids("?rule=disk&team=web")).toEqual(["", ""]);
});

test("what is chosen can be seen although there is none of it", () => {
  expect(choices(["web", "", "web", "ops"], "gone")).toEqual(["gone", "ops", "web"]);
});
