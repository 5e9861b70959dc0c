// The `$name` of a question: which there are, what stands in their fields, and the question with their values in place.

import { dateTime, parseDateTime } from "./format";
import type { SavedQuery } from "./sql-api";
import { textLiteral, timeLiteral } from "./sql-text";
import { DAY } from "./windows";

export type Param = SavedQuery["params"][number];

/** What may hold a `$` that is none of ours, and ours. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)/g;
const DECLARATION = /^--\s*\$(\w+)\s+(timestamp|int|float|text)\s*(?:=\s*(.*?))?\s*$/;

/** What a text asks for, as it is declared and then as it comes. Without a declaration it is a time by its name, or a text. */
export function paramsOf(sql: string): Param[] {
  const declared = new Map<string, Param>();
  const used = new Set<string>();
  for (const [token, name] of sql.matchAll(TOKENS)) {
    const param = declarationOf(token);
    if (param) declared.set(param.name, param);
    if (name) used.add(name);
  }
  const isTime = (name: string) => /^(\w+_)?(from|to)$/.test(name);
  const names = [...declared.keys()].filter((name) => used.has(name));
  return [...new Set([...names, ...used])].map(
    (name) => declared.get(name) ?? { name, type: isTime(name) ? ("timestamp" as const) : ("text" as const) },
  );
}

/** `-- $name type = default`, as the files of saved queries have it. */
function declarationOf(token: string): Param | null {
  const [, name = "", type, usual] = DECLARATION.exec(token) ?? [];
  if (!type) return null;
  const param = { name, type: type as Param["type"] };
  return usual === undefined ? param : { ...param, default: defaultOf(param.type, usual) };
}

/** As the interface has it: there a time is in microseconds, while a file has milliseconds or a date. */
function defaultOf(type: Param["type"], text: string): string | number | null {
  if (text === "null") return null;
  if (type === "text") return text;
  const value = type === "timestamp" && !/^-?\d+$/.test(text) ? Date.parse(text) : Number(text);
  if (type === "timestamp") return isMoment(value * 1000) ? value * 1000 : text;
  return Number.isFinite(value) ? value : text;
}

/** Microseconds that a browser's dates reach. */
function isMoment(us: unknown): us is number {
  return typeof us === "number" && Math.abs(us) <= 8.64e18;
}

function writtenDefault({ type, default: usual }: Param): string {
  if (usual === null || usual === undefined) return "null";
  return type === "timestamp" && isMoment(usual) ? new Date(usual / 1000).toISOString() : String(usual);
}

/** A saved question with what it asks for declared on top, as its file has it. */
export function textWithParams({ sql = "", params }: Pick<SavedQuery, "sql" | "params">): string {
  const lines = params.map((param) => {
    const usual = "default" in param ? ` = ${writtenDefault(param)}` : "";
    return `-- $${param.name} ${param.type}${usual}\n`;
  });
  return `${lines.join("")}${sql}`;
}

/** What is kept of a text: the declarations apart from the statement. */
export function savedParts(sql: string): { readonly sql: string; readonly params: readonly Param[] } {
  const statement = sql.replace(TOKENS, (token) => (declarationOf(token) ? "" : token));
  return { sql: statement.trim(), params: paramsOf(sql) };
}

/** The last day, and the day before it to compare with, until somebody says otherwise. */
export function usualTexts(params: readonly Param[], now: number): Record<string, string> {
  const times: Record<string, number> = {
    from: now - DAY,
    to: now,
    base_from: now - 2 * DAY,
    base_to: now - DAY,
  };
  return Object.fromEntries(
    params.map(({ name, type, default: usual }) => {
      if (type !== "timestamp") return [name, String(usual ?? "")];
      const ms = isMoment(usual) ? usual / 1000 : times[name];
      return [name, ms === undefined ? "" : dateTime(ms)];
    }),
  );
}

/** The question with a literal in the place of each `$name`, or the first one that has no value. */
export function boundSql(
  sql: string,
  typed: Readonly<Record<string, string>>,
): { readonly sql: string } | { readonly missing: string } {
  const literals = new Map<string, string>();
  for (const param of paramsOf(sql)) {
    const literal = literalOf(param, (typed[param.name] ?? "").trim());
    if (literal === null) return { missing: param.name };
    literals.set(param.name, literal);
  }
  return {
    sql: sql.replace(TOKENS, (token, name?: string) => (name ? (literals.get(name) ?? token) : token)),
  };
}

/** Null for what is no value of its type; an empty field is the default, if there is one. */
function literalOf(param: Param, text: string): string | null {
  if (text === "") {
    if (!("default" in param)) return null;
    const usual = param.default ?? null;
    if (usual === null) return "NULL";
    if (param.type === "timestamp") return isMoment(usual) ? timeLiteral(usual) : null;
    return usual === "" ? textLiteral("") : literalOf(param, String(usual));
  }
  switch (param.type) {
    case "timestamp": {
      const ms = parseDateTime(text);
      return Number.isNaN(ms) ? null : timeLiteral(ms * 1000);
    }
    case "int":
      return /^-?\d+$/.test(text) ? text : null;
    case "float":
      return Number.isFinite(Number(text)) ? text : null;
    default:
      return textLiteral(text);
  }
}
