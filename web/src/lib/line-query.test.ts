import { expect, test } from "vitest";
import {
  aroundSql,
  facetsSql,
  formatLines,
  parseLines,
  rowsSql,
  tailAddress,
  tailSql,
  toggled,
  withChoices,
} from "./line-query";
import { HOUR } from "./windows";

test.each([
  ["", "/lines"],
  ["?last=6h&host=web-1", "/lines?last=6h&host=web-1"],
  // Without a host is a choice, too.
  ["?host=", "/lines?host="],
  ["?host=b&status=5xx&host=&host=a&host=b&status=9", "/lines?status=5xx&host=b&host=&host=a"],
  ["?text=a%26b&view=shapes&status=5xx", "/lines?view=shapes&text=a%26b&status=5xx"],
  ["?from=1&to=2&last=6h", "/lines?from=1&to=2"],
  ["?status=5;drop&last=9y&from=9&to=2&x=1", "/lines"],
])("%s is %s", (search, written) => {
  expect(formatLines(parseLines(search))).toBe(written);
});

const window = { from: 0, to: HOUR };

test("what was chosen is what is asked", () => {
  const sql = rowsSql(parseLines("?status=5xx&host=o'x&service=&text=50%25"), window);
  expect(sql).toContain("status BETWEEN 500 AND 599\n  AND service IS NULL\n  AND host = 'o''x'");
  expect(sql).toContain("message ILIKE '%50\\%%' OR path ILIKE");
});

test("several values of a facet are one or another", () => {
  const sql = rowsSql(parseLines("?status=5xx&status=4xx&host=a&host=b&host="), window);
  expect(sql).toContain(
    "(status BETWEEN 500 AND 599 OR status BETWEEN 400 AND 499)\n  AND (host IN ('a', 'b') OR host IS NULL)",
  );
});

test("a choice goes in and out", () => {
  const one = toggled({ level: ["error"] }, "host", null);
  expect(one).toEqual({ level: ["error"], host: [null] });
  expect(toggled(one, "host", "a")).toEqual({ level: ["error"], host: [null, "a"] });
  expect(toggled(one, "host", null)).toEqual({ level: ["error"] });
  expect(withChoices(one, "level", [])).toEqual({ host: [null] });
  expect(
    parseLines(`?${"host=x&".repeat(3)}${Array.from({ length: 90 }, (_, n) => `host=${n}`).join("&")}`).chosen
      .host,
  ).toHaveLength(40);
});

test("a page goes on where the one before ended", () => {
  const sql = rowsSql(parseLines(""), window, { us: 5, batch: "7", row: "2" });
  expect(sql).toContain("(batch_id < 7 OR (batch_id = 7 AND row_idx < 2))");
});

test("a facet counts its other values too", () => {
  const [level, status] = facetsSql(parseLines("?level=error"), window).split("UNION ALL");
  expect(level).not.toContain("level = 'error'");
  expect(status).toContain("level = 'error'");
});

test("what comes in is told by its batch, what stands around by its source", () => {
  expect(tailSql(parseLines(""), "9", HOUR)).toContain("batch_id > 9");
  expect(tailAddress(parseLines(""), "9.5")).toBe("/api/v1/tail?after=9.5");
  const { searchParams } = new URL(tailAddress(parseLines("?host=a%26b&level=error"), "9"), "http://x");
  expect([...searchParams]).toEqual([
    ["after", "9"],
    ["where", "level = 'error'\n  AND host = 'a&b'"],
  ]);
  expect(aroundSql({ us: 0, batch: "1", row: "2" }, "a'b")).toContain("source = 'a''b'");
});
