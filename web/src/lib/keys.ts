// The keys: what they are called in the list, and what a stroke means.

import { PAGES, type PageName } from "./routes";
import { t } from "./texts";

export type Action =
  | { readonly name: "help" | "palette" | "search" | "metric" | "compare" | "twin" | "zone" | "lapse" }
  | { readonly name: "zoom"; readonly factor: number }
  | { readonly name: "page"; readonly page: PageName };

export interface Key {
  readonly keys: readonly string[];
  readonly what: string;
}

/** The letter of each page after `g`: the first of its name that no page before it has. */
export function pageKeys(pages: readonly PageName[] = PAGES): Map<string, PageName> {
  const letters = new Map<string, PageName>();
  for (const page of pages) {
    const letter = [...page].find((letter) => !letters.has(letter));
    if (letter) letters.set(letter, page);
  }
  return letters;
}

export function keyList(): { readonly where: string; readonly keys: readonly Key[] }[] {
  const { keys: said, pages } = t.shared;
  const key = (stroke: string, what: string): Key => ({ keys: [stroke], what });
  return [
    {
      where: said.everywhere,
      keys: [
        key("?", said.help),
        key(`${said.ctrl} K`, said.palette),
        key("/", said.search),
        key("t", said.zone),
        ...[...pageKeys()].map(([letter, page]) => ({ keys: ["g", letter], what: said.goTo(pages[page]) })),
      ],
    },
    {
      where: said.map,
      keys: [
        key("v", said.twin),
        key("r", said.metric),
        key("c", said.compare),
        key("p", said.lapse),
        key("+", said.zoomIn),
        key("−", said.zoomOut),
        key("0", said.whole),
        key("Esc", said.up),
      ],
    },
    {
      where: said.table,
      keys: [key("↑", said.rowAbove), key("↓", said.rowBelow), key("Enter", said.open)],
    },
  ];
}

const SINGLE: Readonly<Record<string, Action>> = {
  "?": { name: "help" },
  "/": { name: "search" },
  v: { name: "twin" },
  r: { name: "metric" },
  c: { name: "compare" },
  p: { name: "lapse" },
  t: { name: "zone" },
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
