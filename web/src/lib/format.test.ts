import { expect, test } from "vitest";
import {
  count,
  dateTime,
  ago,
  duration,
  integer,
  parseDateTime,
  percent,
  plain,
  plainLines,
  points,
  span,
  useLocale,
  clockTime,
  zoneName,
  surplus,
} from "./format";
import { zone } from "./zone.svelte";

const spaced = (text: string) => text.replace(/\u202f/g, " ");

test.each([
  [0, "0 %"],
  [0.00001, "<0.01 %"],
  [0.0062, "0.62 %"],
  [0.009996, "1.0 %"],
  [0.041, "4.1 %"],
  [0.09996, "10 %"],
  [0.22, "22 %"],
  [1, "100 %"],
  [null, "–"],
  [Number.NaN, "–"],
])("rate %s is %s", (rate, text) => {
  expect(spaced(percent(rate))).toBe(text);
});

test.each([
  [0.13, "+13 pt"],
  [-0.0042, "−0.42 pt"],
  [0.00001, "±0 pt"],
  [null, "–"],
])("change %s is %s", (change, text) => {
  expect(spaced(points(change))).toBe(text);
});

test.each([
  [9999, "9 999"],
  [12_345, "12.3K"],
  [1_234_567, "1.23M"],
  [7_400_000_000, "7.4B"],
])("count %d is %s", (n, text) => {
  expect(spaced(count(n))).toBe(text);
});

test("integers keep all digits", () => {
  expect(spaced(integer(1_234_567))).toBe("1 234 567");
});

test.each([
  [1204.4, "+1 204"],
  [-3.26, "−3.3"],
  [0.01, "0"],
  [-250_000, "−250K"],
])("surplus %d is %s", (n, text) => {
  expect(spaced(surplus(n))).toBe(text);
});

test("a window names its date once", () => {
  const from = Date.UTC(2026, 10, 23, 9);
  expect(span(from, from + 3_600_000)).toBe("2026-11-23 09:00 – 10:00");
  expect(span(from, from + 86_400_000)).toBe("2026-11-23 09:00 – 2026-11-24 09:00");
});

test("a typed time reads back, other texts are no time", () => {
  const time = Date.UTC(2026, 10, 23, 9, 5);
  expect(parseDateTime(dateTime(time))).toBe(time);
  expect(parseDateTime("2026-11-23T09:05")).toBe(time);
  for (const text of ["", "23.11.2026", "2026-13-01 00:00", "2026-11-23 9:05"])
    expect(parseDateTime(text)).toBeNaN();
});

test.each([
  [5_000, "5 s"],
  [180_000, "3 min"],
  [7_200_000, "2 h"],
  [5 * 86_400_000, "5 days"],
])("duration %d is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
  expect(ago(ms)).toBe(text);
});

test("log text cannot turn the reading direction or hide characters", () => {
  expect(plain("web\u202e1\u0000")).toBe("web\\u{202e}1\\u{0}");
  expect(plain("pay\u2060pal\u{e0041}\u3164")).toBe("pay\\u{2060}pal\\u{e0041}\\u{3164}");
  expect(plain("Sevilla, 東京, Šibenik")).toBe("Sevilla, 東京, Šibenik");
});

test("a name of spaces alone is seen", () => {
  expect([plain(" "), plain(" \u3000"), plain(""), plain(" a ")]).toEqual([
    "\\u{20}",
    "\\u{20}\\u{3000}",
    "",
    " a ",
  ]);
  expect(plainLines("a\n  \nb")).toBe("a\n  \nb");
});

test("lines stay lines, and nothing else gets through", () => {
  expect(plainLines("SELECT 1\r\n\tFROM x\u202e\n")).toBe("SELECT 1\n  FROM x\\u{202e}\n");
});

test("the decimal sign is the language's, groups are set apart the same way everywhere", () => {
  useLocale("de-DE");
  expect([percent(0.0062), points(-0.012), count(12_345), integer(1_234_567), surplus(1.5)]).toEqual([
    "0,62\u202f%",
    "\u22121,2\u202fpt",
    "12,3K",
    "1\u202f234\u202f567",
    "+1,5",
  ]);
  useLocale("ar-EG");
  expect(percent(0.0062)).toBe("0.62\u202f%");
  useLocale("en");
});

test("times are shown in the chosen zone and read back", () => {
  const time = Date.UTC(2026, 10, 23, 23, 30);
  zone.choose("place");
  zone.follow("Asia/Kolkata");
  expect([dateTime(time), clockTime(time), zoneName()]).toEqual([
    "2026-11-24 05:00",
    "05:00",
    "Kolkata time",
  ]);
  expect(parseDateTime("2026-11-24 05:00")).toBe(time);
  zone.follow(undefined);
  expect([dateTime(time), zoneName()]).toEqual(["2026-11-23 23:30", "UTC"]);
});
