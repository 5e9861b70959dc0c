import { expect, test } from "vitest";
import { diffLines, folded } from "./rule-diff";

const shown = (theirs: string, mine: string) =>
  diffLines(theirs, mine).map(({ side, text }) => `${{ both: " ", theirs: "-", mine: "+" }[side]}${text}`);

test("what both have stands once, their lines before mine", () => {
  expect(shown("a\nb\nc\n", "a\nx\nc\nd\n")).toEqual([" a", "-b", "+x", " c", "+d"]);
  expect(shown("a\n", "a")).toEqual([" a"]);
  expect(shown("a\nb", "c")).toEqual(["-a", "-b", "+c"]);
});

test("what differs has a little around it, the rest is folded", () => {
  const lines = diffLines("a\nb\nc\nd\ne\nf\ng\nh", "a\nb\nc\nx\ne\nf\ng\nh");
  expect(folded(lines, 1).map((line) => line?.text ?? "…")).toEqual(["…", "c", "d", "x", "e", "…"]);
  expect(folded(diffLines("a", "a"))).toEqual([null]);
});
