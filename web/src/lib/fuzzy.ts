// Finding by a few letters in order: `gmy` finds Germany, `sao` São Paulo.

/** Without marks and case, so that a plain keyboard finds every name. */
export function folded(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/ø/g, "o")
    .replace(/ł/g, "l")
    .replace(/ß/g, "ss");
}

const WHOLE = 20;
const START = 12;
const WORD = 6;
const NEXT = 4;
const LETTER = 1;

/** How well the letters fit, higher is better; null when they are not all there in order. Both are folded. */
export function fit(query: string, text: string): number | null {
  if (query === "") return 0;
  const at = text.indexOf(query);
  // In one piece beats in pieces; a shorter text says less that was not asked for.
  if (at >= 0) {
    const isWord = isWordStart(text, at) && isWordStart(text, at + query.length + 1);
    const place = (isWord ? WHOLE : 0) + (at === 0 ? START : isWordStart(text, at) ? WORD : 0);
    return 100 + place + query.length * NEXT - text.length / 50;
  }
  let [score, from, before] = [0, 0, -2];
  for (const letter of query) {
    if (letter === " ") continue;
    const found = text.indexOf(letter, from);
    if (found < 0) return null;
    score += LETTER + (found === before + 1 ? NEXT : 0) + (isWordStart(text, found) ? WORD : 0);
    [before, from] = [found, found + 1];
  }
  return score - text.length / 50;
}

/** Whether no letter stands before it; past the end none does. */
function isWordStart(text: string, at: number): boolean {
  return at === 0 || at > text.length || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ");
}

export interface Findable {
  /** Folded. */
  readonly text: string;
}

/** The best, in order; of equals the first given stays first. */
export function best<T extends Findable>(all: readonly T[], query: string, max: number): T[] {
  const asked = folded(query.trim());
  return all
    .flatMap((one, idx) => {
      const score = fit(asked, one.text);
      return score === null ? [] : [{ one, idx, score }];
    })
    .sort((a, b) => b.score - a.score || a.idx - b.idx)
    .slice(0, max)
    .map(({ one }) => one);
}
