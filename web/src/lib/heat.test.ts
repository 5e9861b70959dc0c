import { expect, test } from "vitest";
import { beginOf, datesOf, heatOf, heatSeconds, profileOf, repeatOf, stretches } from "./heat";
import type { Counts } from "./history";
import { HOUR, MINUTE } from "./windows";

const at = (text: string) => Date.parse(text);

/** A thousand requests in each bucket, with so many errors as the moment says. */
function history(from: number, to: number, bucketS: number, k: (t: number) => number): Map<number, Counts> {
  const all = new Map<number, Counts>();
  for (let t = from; t < to; t += bucketS * 1000) all.set(t, { n: 1000, k: k(t) });
  return all;
}

function heat(end: number, nDays: number, zone: string, k: (t: number) => number = () => 5) {
  const dates = datesOf(end, nDays, zone);
  const bucketS = heatSeconds(dates, zone);
  return { bucketS, days: heatOf(history(beginOf(dates, zone), end, bucketS, k), dates, end, zone, bucketS) };
}

test("days are the newest first, hours that are ahead or not over say so", () => {
  const { days } = heat(at("2026-11-25T14:30:00Z"), 7, "UTC");
  expect(days.map(({ date }) => date)).toEqual(datesOf(at("2026-11-25T14:30:00Z"), 7, "UTC"));
  expect(days[0]?.date).toBe("2026-11-25");
  const [cell, ahead] = [days[0]?.hours[14]?.[0], days[0]?.hours[15]?.[0]];
  expect(cell).toMatchObject({ isPart: true, isAhead: false, n: 1000, k: 5, from: at("2026-11-25T14:00:00Z") });
  expect(ahead).toMatchObject({ isAhead: true, rate: null });
  expect(days.at(-1)?.all.n).toBe(24_000);
});

test("a moment at midnight belongs to the day that ends there", () => {
  expect(datesOf(at("2026-11-25T00:00:00Z"), 1, "UTC")).toEqual(["2026-11-24"]);
});

test("the day on which Madrid's clocks go back has 25 hours, one of them twice", () => {
  const { days } = heat(at("2026-10-26T12:00:00Z"), 7, "Europe/Madrid");
  const day = days.find(({ date }) => date === "2026-10-25");
  expect(day?.length).toBe(25);
  expect(day?.hours.map((cells) => cells.length)).toEqual(Array.from({ length: 24 }, (_, h) => (h === 2 ? 2 : 1)));
  expect(day?.hours[2]?.map(({ from }) => from)).toEqual([at("2026-10-25T00:00:00Z"), at("2026-10-25T01:00:00Z")]);
  expect(day?.all.n).toBe(25_000);
});

test("the day on which they go forward has 23 hours, one of them never", () => {
  const { days } = heat(at("2026-03-30T12:00:00Z"), 7, "Europe/Madrid");
  const day = days.find(({ date }) => date === "2026-03-29");
  expect(day?.length).toBe(23);
  expect(day?.hours[2]).toEqual([]);
});

test("a clock that is half an hour off is cut in quarters, and loses nothing", () => {
  const { days, bucketS } = heat(at("2026-11-25T14:30:00Z"), 7, "Asia/Kolkata");
  expect(bucketS).toBe(900);
  expect(days[1]?.hours[0]?.[0]).toMatchObject({ from: at("2026-11-23T18:30:00Z"), n: 4000 });
  expect(heat(at("2026-11-25T14:30:00Z"), 7, "Europe/Madrid").bucketS).toBe(3600);
});

test("what has no data has no rate", () => {
  const dates = datesOf(at("2026-11-25T14:30:00Z"), 7, "UTC");
  const days = heatOf(new Map(), dates, at("2026-11-25T14:30:00Z"), "UTC", 3600);
  expect(days[3]?.hours[3]?.[0]).toMatchObject({ rate: null, isAhead: false });
  expect(repeatOf(days)).toEqual({ kind: "unknown" });
});

test("an hour that is worse on most days repeats, one bad day does not", () => {
  const end = at("2026-11-25T12:00:00Z");
  const nightly = heat(end, 7, "UTC", (t) => (new Date(t).getUTCHours() === 3 ? 60 : 5)).days;
  expect(repeatOf(nightly)).toEqual({ kind: "hours", hours: [3] });
  expect(profileOf(nightly)[3]).toMatchObject({ rate: 0.06, step: 5 });
  const once = heat(end, 7, "UTC", (t) => (Math.abs(t - at("2026-11-23T04:00:00Z")) < 90 * MINUTE ? 60 : 5)).days;
  expect(repeatOf(once)).toEqual({ kind: "none" });
  expect(repeatOf(heat(end - 30 * HOUR, 7, "UTC").days.slice(0, 2))).toEqual({ kind: "unknown" });
});

test("neighbouring hours are one stretch", () => {
  expect(stretches([0, 10, 11, 12, 23])).toBe("00:00–01:00, 10:00–13:00, 23:00–24:00");
});
