// Two texts line by line: what only one of them has.

export interface Line {
  readonly side: "both" | "theirs" | "mine";
  readonly text: string;
}

/** The lines of both in order; what both have in common stands once. */
export function diffLines(theirs: string, mine: string): Line[] {
  const [a, b] = [theirs.trimEnd().split("\n"), mine.trimEnd().split("\n")];
  // Length of the longest common run of lines from each place on; rules are short.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = common[i] as Uint16Array;
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ side: "both", text: a[i] ?? "" });
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ side: "theirs", text: a[i++] ?? "" });
    } else {
      lines.push({ side: "mine", text: b[j++] ?? "" });
    }
  }
  return lines;
}

/** The lines that differ with a few around them; null stands for those in between. */
export function folded(lines: readonly Line[], around = 2): (Line | null)[] {
  const isNear = (idx: number) =>
    lines.slice(Math.max(0, idx - around), idx + around + 1).some(({ side }) => side !== "both");
  const kept = lines.map((line, idx) => (isNear(idx) ? line : null));
  return kept.filter((line, idx) => line !== null || kept[idx - 1] !== null || idx === 0);
}
