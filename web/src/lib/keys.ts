// What a stroke means; what the keys are called stands in `key-list.ts`.

import { PAGES, type PageName } from "./routes";

export type Action =
  | { readonly name: "help" | "palette" | "search" | "metric" | "compare" | "twin" | "zone" | "lapse" | "filter" }
  | { readonly name: "zoom"; readonly factor: number }
  | { readonly name: "page"; readonly page: PageName };

/** The letter of each page after `g`: the first of its name that no page before it has. */
export function pageKeys(pages: readonly PageName[] = PAGES): Map<string, PageName> {
  const letters = new Map<string, PageName>();
  for (const page of pages) {
    const letter = [...page].find((letter) => !letters.has(letter));
    if (letter) letters.set(letter, page);
  }
  return letters;
}

const SINGLE: Readonly<Record<string, Action>> = {
  "?": { name: "help" },
  "/": { name: "search" },
  v: { name: "twin" },
  r: { name: "metric" },
  c: { name: "compare" },
  p: { name: "lapse" },
  t: { name: "zone" },
  f: { name: "filter" },
  "+": { name: "zoom", factor: 2 },
  "=": { name: "zoom", factor: 2 },
  "-": { name: "zoom", factor: 0.5 },
  "0": { name: "zoom", factor: 0 },
};

/** A letter after `g` counts for this long. */
const SEQUENCE_MS = 1500;

interface Stroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Strokes to actions; it remembers a `g`. */
export class Keys {
  #wentAt = Number.NEGATIVE_INFINITY;
  readonly #pages = pageKeys();

  /** `single` is false for those who have turned single keys off. */
  action({ key, ctrlKey, metaKey, altKey }: Stroke, now: number, single = true): Action | null {
    if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === "k") return { name: "palette" };
    if (ctrlKey || metaKey || altKey || !single) return null;
    const isSecond = now - this.#wentAt < SEQUENCE_MS;
    this.#wentAt = Number.NEGATIVE_INFINITY;
    const page = isSecond ? this.#pages.get(key) : undefined;
    if (page) return { name: "page", page };
    if (key === "g") this.#wentAt = now;
    return Object.hasOwn(SINGLE, key) ? (SINGLE[key] ?? null) : null;
  }
}
