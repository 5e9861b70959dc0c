import { expect, test } from "vitest";
import { diffLines } from "./rule-diff";

const shown = (theirs: string, mine: string) =>
  diffLines(theirs, mine).map(({ side, text }) => `${{ both: " ", theirs: "-", mine: "+" }[side]}${text}`);

test("what both have stands once, their lines before mine", () => {
  expect(shown("a\nb\nc\n", "a\nx\nc\nd\n")).toEqual([" a", "-b", "+x", " c", "+d"]);
  expect(shown("a\n", "a")).toEqual([" a"]);
  expect(shown("a\nb", "c")).toEqual(["-a", "-b", "+c"]);
});
