import { expect, test } from "vitest";
import { isThisWeek, weekAt, weekOf, weekSpan, type Week } from "./weeks";

test("a week has neighbours", () => {
  const week = weekOf("2026-11-23T00:00:00Z") as Week;
  expect(new Date(week.before).toISOString().slice(0, 10)).toBe("2026-11-16");
  expect(new Date(week.after).toISOString().slice(0, 10)).toBe("2026-11-30");
  expect(isThisWeek(week, Date.parse("2026-11-29T23:59:59Z"))).toBe(true);
  expect(isThisWeek(week, week.after)).toBe(false);
  expect(weekOf("last week")).toBeNull();
});

test("a week is said by its days, unless it begins within one", () => {
  expect(weekSpan("2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z")).toBe("2026-11-23 – 2026-11-30");
  expect(weekSpan("2026-11-22T23:00:00Z", "2026-11-29T23:00:00Z")).toBe(
    "2026-11-22 23:00 – 2026-11-29 23:00",
  );
});

test.each([
  ["?view=review", null],
  ["?at=1795400000000", 1795400000000],
  ["?at=-5", null],
  ["?at=1e12", null],
])("%s asks for %s", (search, at) => {
  expect(weekAt(search)).toBe(at);
});
