// The `$name` of a question: which there are, what stands in their fields, and the question with their values in place.

import { dateTime, parseDateTime } from "./format";
import type { SavedQuery } from "./sql-api";
import { textLiteral, timeLiteral } from "./sql-text";
import { DAY } from "./windows";

export type Param = SavedQuery["params"][number];

/** What may hold a `$` that is none of ours, and ours. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)/g;
const DECLARED = /^--\s*\$(\w+)\s+(timestamp|int|float|text)\s*(?:=\s*(.*?))?\s*$/gm;

/** What a text asks for, as it is declared and then as it comes. Without a declaration it is a time by its name, or a text. */
export function paramsOf(sql: string): Param[] {
  const declared = new Map<string, Param>();
  for (const [, name = "", type, usual] of sql.matchAll(DECLARED)) {
    const param = { name, type: type as Param["type"] };
    declared.set(name, usual === undefined ? param : { ...param, default: defaultOf(usual) });
  }
  const used = new Set([...sql.matchAll(TOKENS)].flatMap(([, name]) => (name ? [name] : [])));
  const isTime = (name: string) => /^(\w+_)?(from|to)$/.test(name);
  const names = [...declared.keys()].filter((name) => used.has(name));
  return [...new Set([...names, ...used])].map(
    (name) => declared.get(name) ?? { name, type: isTime(name) ? ("timestamp" as const) : ("text" as const) },
  );
}

function defaultOf(text: string): string | number | null {
  if (text === "null") return null;
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text.replace(/^["'](.*)["']$/, "$1");
}

/** The text of a saved question as its file has it: what it asks for is declared on top. */
export function textWithParams({ sql = "", params }: Pick<SavedQuery, "sql" | "params">): string {
  const known = new Set([...sql.matchAll(DECLARED)].map(([, name]) => name));
  const lines = params
    .filter(({ name }) => !known.has(name))
    .map((param) => {
      const usual = "default" in param ? ` = ${JSON.stringify(param.default ?? null)}` : "";
      return `-- $${param.name} ${param.type}${usual}\n`;
    });
  return `${lines.join("")}${sql}`;
}

/** A text in which everything that it asks for is declared, so that it can be saved. */
export function declared(sql: string): string {
  return textWithParams({ sql, params: paramsOf(sql) });
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
      const ms = type === "timestamp" ? times[name] : undefined;
      return [name, ms === undefined ? String(usual ?? "") : dateTime(ms)];
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
    return param.default === null || param.default === undefined
      ? "NULL"
      : literalOf(param, String(param.default));
  }
  switch (param.type) {
    case "timestamp": {
      // The default of a time is in microseconds, as the server has it.
      const us = /^\d{12,}$/.test(text) ? Number(text) : parseDateTime(text) * 1000;
      return Number.isNaN(us) ? null : timeLiteral(us);
    }
    case "int":
      return /^-?\d+$/.test(text) ? text : null;
    case "float":
      return Number.isFinite(Number(text)) ? text : null;
    default:
      return textLiteral(text);
  }
}
