// A rule's file as text, changed in places: comments, order and what the form does not know stay as they were.
// Reads TOML 1.0 as far as rules use it; what the server takes is for the server to say.

export type Toml = string | number | boolean | readonly Toml[] | { readonly [key: string]: Toml };

/** A key with its value; positions are those of the text. */
export interface Entry {
  /** The names down to it, with dots between: `query.min_n`, `inhibits.0.rule`. */
  readonly path: string;
  readonly value: Toml;
  readonly from: number;
  readonly to: number;
  /** Where its key begins. */
  readonly start: number;
  /** Path of the `[table]` that it stands under. */
  readonly table: string;
  /** Whether it stands within `{ }`. */
  readonly inline: boolean;
}

interface Header {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface Document {
  readonly text: string;
  readonly entries: readonly Entry[];
  readonly headers: readonly Header[];
}

/** Where the text is no TOML. */
export class TomlError extends Error {
  constructor(
    readonly what: "key" | "value" | "string" | "end" | "table",
    readonly line: number,
  ) {
    super(`line ${line}: ${what}`);
  }
}

const SPACE = /[ \t]*/y;
const BLANK = /(?:[ \t\r\n]|#[^\n]*)*/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const SCALAR = /[^\s,\]}#]+(?: \d{2}:[^\s,\]}#]+)?/y;
const NUMBER = /^[+-]?(?:\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?|inf|nan|0x[\da-f_]+|0o[0-7_]+|0b[01_]+)$/i;
const MOMENT = /^(?:\d{4}-\d{2}-\d{2}|\d{2}:\d{2})/;
const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\u001b",
  '"': '"',
  "\\": "\\",
};

export function readToml(text: string): Document {
  return new Reader(text).document();
}

class Reader {
  #at = 0;
  readonly #entries: Entry[] = [];
  readonly #headers: Header[] = [];

  constructor(readonly text: string) {}

  document(): Document {
    let table = "";
    const lists = new Map<string, number>();
    for (;;) {
      this.#skip(BLANK);
      if (this.#at >= this.text.length) break;
      if (this.text[this.#at] !== "[") {
        this.#pair(table, table, false);
        this.#endOfLine();
        continue;
      }
      const start = this.#at;
      const isList = this.#take("[[");
      if (!isList) this.#take("[");
      const path = this.#keys().join(".");
      if (!this.#take(isList ? "]]" : "]")) this.#fail("table");
      this.#endOfLine();
      const idx = lists.get(path) ?? 0;
      if (isList) lists.set(path, idx + 1);
      table = isList ? `${path}.${idx}` : path;
      this.#headers.push({ path: table, start, end: this.#at });
    }
    return { text: this.text, entries: this.#entries, headers: this.#headers };
  }

  #fail(what: TomlError["what"], at = this.#at): never {
    throw new TomlError(what, lineAt(this.text, at));
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.text)?.[0] ?? "";
  }

  #skip(pattern: RegExp): string {
    const found = this.#match(pattern);
    this.#at += found.length;
    return found;
  }

  #take(sign: string): boolean {
    this.#skip(SPACE);
    if (!this.text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #endOfLine(): void {
    this.#skip(/[ \t]*(?:#[^\n]*)?\r?/y);
    if (this.#at < this.text.length && this.text[this.#at] !== "\n") this.#fail("end");
  }

  #keys(): string[] {
    const keys: string[] = [];
    do {
      this.#skip(SPACE);
      const sign = this.text[this.#at];
      const key = sign === '"' || sign === "'" ? this.#string() : this.#skip(BARE_KEY);
      if (key === "" && sign !== '"' && sign !== "'") this.#fail("key");
      keys.push(key);
    } while (this.#take("."));
    return keys;
  }

  /** Returns the first of its names and the value below it, as the table that holds it does. */
  #pair(base: string, table: string, inline: boolean): { keys: string[]; value: Toml } {
    const start = this.#at;
    const keys = this.#keys();
    if (!this.#take("=")) this.#fail("key");
    this.#skip(SPACE);
    const path = [base, ...keys].filter(Boolean).join(".");
    const from = this.#at;
    const slot = this.#entries.length;
    const value = this.#value(path, table);
    this.#entries.splice(slot, 0, { path, value, from, to: this.#at, start, table, inline });
    return { keys, value };
  }

  #value(path: string, table: string): Toml {
    const sign = this.text[this.#at];
    if (sign === '"' || sign === "'") return this.#string();
    if (sign === "[") return this.#list(path, table);
    if (sign === "{") return this.#inline(path, table);
    const start = this.#at;
    const word = this.#skip(SCALAR);
    if (word === "true" || word === "false") return word === "true";
    if (NUMBER.test(word)) return numberOf(word);
    return MOMENT.test(word) ? word : this.#fail("value", start);
  }

  #list(path: string, table: string): Toml[] {
    const list: Toml[] = [];
    this.#take("[");
    for (;;) {
      this.#skip(BLANK);
      if (this.#take("]")) return list;
      if (this.#at >= this.text.length) this.#fail("end");
      list.push(this.#value(`${path}.${list.length}`, table));
      this.#skip(BLANK);
      if (!this.#take(",") && this.text[this.#at] !== "]") this.#fail("end");
    }
  }

  #inline(path: string, table: string): Toml {
    const members: { [key: string]: Toml } = {};
    this.#take("{");
    for (;;) {
      this.#skip(BLANK);
      if (this.#take("}")) return members;
      if (this.#at >= this.text.length) this.#fail("end");
      const { keys, value } = this.#pair(path, table, true);
      members[keys.join(".")] = value;
      this.#skip(BLANK);
      if (!this.#take(",") && this.text[this.#at] !== "}") this.#fail("end");
    }
  }

  #string(): string {
    const quote = this.text[this.#at] ?? "";
    const isLong = this.text.startsWith(quote.repeat(3), this.#at);
    const end = isLong ? quote.repeat(3) : quote;
    const start = this.#at;
    this.#at += end.length;
    if (isLong) this.#skip(/\r?\n?/y);
    let out = "";
    while (!this.text.startsWith(end, this.#at)) {
      const c = this.text[this.#at];
      if (c === undefined || (!isLong && c === "\n")) this.#fail("string", start);
      this.#at += 1;
      out += c === "\\" && quote === '"' ? this.#escape(isLong) : c;
    }
    this.#at += end.length;
    // A long text may end in one or two of its own quotes.
    while (isLong && this.text[this.#at] === quote) {
      out += quote;
      this.#at += 1;
    }
    return out;
  }

  #escape(isLong: boolean): string {
    const c = this.text[this.#at] ?? "";
    const digits = this.#match(/u[\da-fA-F]{4}|U00[\da-fA-F]{6}|x[\da-fA-F]{2}/y);
    if (digits) {
      this.#at += digits.length;
      const code = Number.parseInt(digits.slice(1), 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : this.#fail("string");
    }
    if (isLong && this.#skip(/[ \t]*\r?\n\s*/y)) return "";
    const known = ESCAPES[c];
    if (known === undefined) this.#fail("string");
    this.#at += 1;
    return known;
  }
}

function numberOf(word: string): number {
  const digits = word.replace(/_/g, "").toLowerCase();
  if (digits.endsWith("inf")) return digits.startsWith("-") ? -Infinity : Infinity;
  return digits.endsWith("nan") ? Number.NaN : Number(digits);
}

/** The line of a position, counted from one. */
export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

function find({ entries }: Document, path: string): Entry | undefined {
  return entries.find((entry) => entry.path === path);
}

/** The value of that path; nothing when it is not written there. */
export function valueAt(document: Document, path: string): Toml | undefined {
  return find(document, path)?.value;
}

/** The innermost path whose key or value stands on that line. */
export function pathAtLine({ text, entries }: Document, line: number): string | null {
  const on = entries.filter(({ start, to }) => lineAt(text, start) <= line && line <= lineAt(text, to));
  return on.find(({ inline }) => !inline)?.path ?? null;
}

/** How a value is written. */
export function written(value: Toml): string {
  if (typeof value === "string") return JSON.stringify(value).replace(/\u007f/g, "\\u007F");
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([key, one]) => `${key} = ${written(one)}`);
    return pairs.length ? `{ ${pairs.join(", ")} }` : "{}";
  }
  return String(value).toLowerCase().replace("infinity", "inf");
}

/** The text with that path set to a value; null takes it out, with everything below it. */
export function withValue(text: string, path: string, value: Toml | null): string {
  const document = readToml(text);
  if (value === null) return without(document, path);
  const entry = find(document, path);
  // `5.0` stays as it is when it is set to five.
  if (entry && written(entry.value) === written(value)) return text;
  if (entry) return replaced(text, entry.from, entry.to, written(value));
  return inserted(document, path, written(value));
}

function replaced(text: string, from: number, to: number, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

function without(document: Document, path: string): string {
  const { text, entries, headers } = document;
  const isBelow = (other: string) => other === path || other.startsWith(`${path}.`);
  const entry = find(document, path);
  if (entry?.inline) {
    const after = /^[ \t]*,[ \t]*/.exec(text.slice(entry.to))?.[0];
    if (after) return replaced(text, entry.start, entry.to + after.length, "");
    const before = /[ \t]*,[ \t]*$/.exec(text.slice(0, entry.start))?.[0] ?? "";
    return replaced(text, entry.start - before.length, entry.to, "");
  }
  // From the end, so that the positions before stay true.
  const cuts = [
    ...entries.filter((one) => !one.inline && isBelow(one.path)).map(({ start, to }) => [start, to] as const),
    ...headers.filter((header) => isBelow(header.path)).map(({ start, end }) => [start, end] as const),
  ].sort((a, b) => b[0] - a[0]);
  return cuts.reduce((left, [start, to]) => {
    const from = left.lastIndexOf("\n", start - 1) + 1;
    const end = left.indexOf("\n", to);
    return replaced(left, from, end === -1 ? left.length : end + 1, "");
  }, text);
}

function inserted(document: Document, path: string, literal: string): string {
  const { text, entries, headers } = document;
  const cut = path.lastIndexOf(".");
  const [parent, key] = [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)];
  const home = find(document, parent);
  if (home && text[home.from] === "{") {
    const isEmpty = /^\{\s*\}$/.test(text.slice(home.from, home.to));
    const at = home.from + text.slice(home.from, home.to - 1).trimEnd().length;
    return replaced(text, at, home.to, `${isEmpty ? " " : ", "}${key} = ${literal} }`);
  }
  const own = entries.filter(({ inline }) => !inline);
  const header = headers.find((one) => one.path === parent);
  if (parent === "" || header) {
    const last = own.filter(({ table }) => table === parent).at(-1);
    if (last || header) return lineAfter(text, last?.to ?? header?.end ?? 0, `${key} = ${literal}`);
    const opening = /^(?:[ \t]*#[^\n]*\n)*/.exec(text)?.[0].length ?? 0;
    return replaced(text, opening, opening, `${key} = ${literal}\n`);
  }
  // Its siblings may be written as `query.name = ...`; a table of that name could not follow them.
  const sibling = own.filter((one) => one.path.startsWith(`${parent}.`) && !one.table.startsWith(parent)).at(-1);
  if (sibling) {
    const local = sibling.table ? path.slice(sibling.table.length + 1) : path;
    return lineAfter(text, sibling.to, `${local} = ${literal}`);
  }
  return `${text.trimEnd()}\n\n[${parent}]\n${key} = ${literal}\n`;
}

/** Puts a line behind the one that holds the position. */
function lineAfter(text: string, at: number, line: string): string {
  const end = text.indexOf("\n", at);
  return end === -1 ? `${text}\n${line}\n` : replaced(text, end + 1, end + 1, `${line}\n`);
}
