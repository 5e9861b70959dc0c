// The fields of a rule that have a place in the form: where each stands in the file, and how a person writes it.

import type { Limit } from "./rules-api";
import type { Unit } from "./incidents-api";
import { isUpward } from "./rule-series";
import { spanSeconds } from "./rule-span";
import { pathAtLine, valueAt, withValue, type Document, type Toml } from "./rule-toml";
import { unitSign } from "./values";

export const UNITS: readonly Unit[] = ["ratio", "times", "percent", "seconds", "count"];
export const SEVERITIES = ["info", "warning", "error", "critical"] as const;
export const STATS = ["value", "wilson95_low"] as const;

/** How a field is written: as it is, as a span of time, a number, a limit in the rule's unit, words with commas. */
type Write = "text" | "span" | "count" | "number" | "limit" | "list" | "choice";

export interface Field {
  readonly path: string;
  readonly as: Write;
  /** Without it the rule is none. */
  readonly needed?: boolean;
  readonly options?: readonly string[];
  /** What holds when nothing is written. */
  readonly otherwise?: string;
}

export const FIELDS = {
  id: { path: "id", as: "text", needed: true },
  title: { path: "title", as: "text", needed: true },
  runbook: { path: "runbook", as: "text" },
  query: { path: "query.name", as: "text", needed: true },
  labels: { path: "query.labels", as: "list", needed: true },
  value: { path: "query.value", as: "text", needed: true },
  sample: { path: "query.sample", as: "text" },
  count: { path: "query.count", as: "text" },
  min_n: { path: "query.min_n", as: "count", otherwise: "0" },
  unit: { path: "query.unit", as: "choice", options: UNITS, otherwise: "count" },
  stat: { path: "query.stat", as: "choice", options: STATS, otherwise: "value" },
  every: { path: "eval.every", as: "span", needed: true },
  window: { path: "eval.window", as: "span", needed: true },
  raise: { path: "raise.at", as: "limit", needed: true },
  recover: { path: "recover.at", as: "limit", needed: true },
  escalate: { path: "escalate.at", as: "limit" },
  for: { path: "hold.for", as: "span" },
  keep: { path: "hold.keep_firing_for", as: "span" },
  missing_after: { path: "hold.missing_after", as: "count" },
  severity: { path: "route.severity", as: "choice", options: SEVERITIES, needed: true },
  team: { path: "route.team", as: "text" },
  service: { path: "route.service", as: "text", needed: true },
  targets: { path: "route.targets", as: "list" },
} as const satisfies Readonly<Record<string, Field>>;
export type FieldName = keyof typeof FIELDS;

/** What each kind has besides; a kind that nobody names is the first. */
export const KINDS = {
  threshold: {},
  frequency: {},
  percentage: {},
  cardinality: { column: { as: "text", start: "" } },
  spike: { weeks: { as: "count", start: 4 }, weeks_min: { as: "count", start: 2 } },
  flatline: { weeks: { as: "count", start: 4 }, weeks_min: { as: "count", start: 2 } },
  new_term: { history: { as: "span", start: "7d" } },
  burn_rate: { budget: { as: "number", start: 0.001 } },
} as const satisfies Readonly<Record<string, Readonly<Record<string, { as: Write; start: string | number }>>>>;
export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

/** The kind that the file names; null for one that the form does not know. */
export function kindOf(document: Document): KindName | null {
  const value = valueAt(document, "kind");
  const name =
    typeof value === "string"
      ? value
      : value !== undefined
        ? Object.keys(value as object)[0]
        : (document.headers.find(({ path }) => path.startsWith("kind."))?.path.slice(5) ??
          document.entries.find(({ path }) => path.startsWith("kind."))?.path.split(".")[1] ??
          "threshold");
  return KIND_NAMES.find((known) => known === name) ?? null;
}

/** The fields that the kind has besides. */
export function kindFields(kind: KindName): { name: string; field: Field }[] {
  return Object.entries(KINDS[kind]).map(([name, { as }]) => ({
    name,
    field: { path: `kind.${kind}.${name}`, as, needed: true },
  }));
}

/** The text with another kind, its fields as they usually are. */
export function withKind(text: string, kind: KindName): string {
  const fields = Object.entries(KINDS[kind]).map(([name, { start }]) => [name, start]);
  const value: Toml = fields.length ? { [kind]: Object.fromEntries(fields) as Record<string, Toml> } : kind;
  return withValue(withValue(text, "kind", null), "kind", value);
}

/** The unit that the rule gives its values. */
export function unitOf(document: Document): Unit {
  const name = valueAt(document, FIELDS.unit.path);
  return UNITS.find((unit) => unit === name) ?? "count";
}

/** A field as it stands in its input: limits of ratios in percent, lists with commas. */
export function shownField(document: Document, { path, as }: Field): string {
  const value = valueAt(document, path);
  if (value === undefined) return "";
  if (as === "list") return Array.isArray(value) ? value.join(", ") : "";
  if (as === "limit" && typeof value === "number") return shownLimit(value, unitOf(document));
  return typeof value === "object" ? "" : String(value);
}

export function shownLimit(value: number, unit: Unit): string {
  return String(unit === "ratio" ? Number((value * 100).toPrecision(12)) : value);
}

/** What was typed as the file has it: null takes it out, undefined is no such thing. */
export function readField(document: Document, field: Field, typed: string): Toml | null | undefined {
  const text = typed.trim();
  const { as, needed } = field as { as: Write; needed?: boolean };
  if (as === "list") {
    const words = text.split(/[,\s]+/).filter(Boolean);
    return words.length > 0 || needed ? words : null;
  }
  if (text === "") {
    if (!needed) return null;
    return as === "text" ? "" : undefined;
  }
  switch (as) {
    case "span": {
      const span = text.replace(/\s/g, "");
      return spanSeconds(span) === null ? undefined : span;
    }
    case "count":
      return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    case "number":
      return finite(text);
    case "limit": {
      const number = finite(text);
      if (number === undefined || unitOf(document) !== "ratio") return number;
      // Rounded: 7 / 100 is not quite 0.07 in every case.
      return Number((number / 100).toPrecision(12));
    }
    default:
      return text;
  }
}

function finite(text: string): number | undefined {
  const number = Number(text.replace(",", "."));
  return Number.isFinite(number) ? number : undefined;
}

export interface Limits {
  readonly raise: Limit;
  readonly recover: Limit;
}

const OPPOSITE: Readonly<Record<string, string>> = { ">": "<", ">=": "<", "<": ">", "<=": ">" };
export const OPS = Object.keys(OPPOSITE);

function isOp(op: unknown): op is Limit["op"] {
  return typeof op === "string" && OPS.includes(op);
}

/** Both limits; null while one of them is not written. */
export function limitsOf(document: Document): Limits | null {
  const one = (name: string): Limit | null => {
    const [op, at] = [valueAt(document, `${name}.op`), valueAt(document, `${name}.at`)];
    return isOp(op) && typeof at === "number" && Number.isFinite(at) ? { op, at } : null;
  };
  const [raise, recover] = [one("raise"), one("recover")];
  return raise && recover ? { raise, recover } : null;
}

/** The text with that limit moved; the other one gives way, so that no value is both wrong and well. */
export function withLimit(text: string, which: keyof Limits, at: number, limits: Limits): string {
  const moved = withValue(text, `${which}.at`, at);
  const up = isUpward(limits.raise.op);
  const raise = which === "raise" ? at : limits.raise.at;
  const recover = which === "recover" ? at : limits.recover.at;
  if (up ? recover <= raise : recover >= raise) return moved;
  return withValue(moved, `${which === "raise" ? "recover" : "raise"}.at`, at);
}

/** The text with another direction; recovering points the other way. */
export function withOp(text: string, op: string, limits: Limits | null): string {
  const turned = withValue(text, "raise.op", op);
  if (limits && isUpward(op) === isUpward(limits.raise.op)) return turned;
  const recovering = withValue(turned, "recover.op", OPPOSITE[op] ?? "<");
  if (!limits) return recovering;
  const { raise, recover } = limits;
  return withValue(withValue(recovering, "raise.at", recover.at), "recover.at", raise.at);
}

/** A limit that was dragged there: two digits are what a person means. */
export function roundedLimit(value: number): number {
  return Number(Math.max(0, value).toPrecision(2));
}

/** Labels that make one incident; null for all of them. */
export function groupsOf(document: Document): readonly string[] | null {
  const value = valueAt(document, "route.group_by");
  return Array.isArray(value) ? value.map(String) : null;
}

/** The text with a label in or out of what makes an incident; all of them are not written. */
export function withGroup(text: string, document: Document, label: string, isIn: boolean): string {
  const labels = listAt(document, FIELDS.labels.path);
  const now = groupsOf(document) ?? labels;
  const next = labels.filter((name) => (name === label ? isIn : now.includes(name)));
  return withValue(text, "route.group_by", next.length === labels.length ? null : next);
}

export function listAt(document: Document, path: string): string[] {
  const value = valueAt(document, path);
  return Array.isArray(value) ? value.map(String) : [];
}

/** Which field words are about: the server's messages name fields as the file does. */
const ABOUT: readonly (readonly [RegExp, FieldName | "params" | "group_by" | "inhibits"])[] = [
  [/^inhibits/, "inhibits"],
  [/group_by/, "group_by"],
  [/min_n/, "min_n"],
  [/hold\.missing_after/, "missing_after"],
  [/hold\.for/, "for"],
  [/wilson95_low/, "stat"],
  [/escalate/, "escalate"],
  [/raise and recover|between raise/, "recover"],
  [/^unit/, "unit"],
  [/runbook/, "runbook"],
  [/route\.team|no team/, "team"],
  [/no target/, "targets"],
  [/eval\.every/, "every"],
  [/window/, "window"],
  [/^label /, "labels"],
  [/query\.params|has no parameter/, "query"],
  [/saved query|^query /, "query"],
  [/^id |the text is of the rule/, "id"],
];

/** The path of the field that a message belongs beside; null when it is about the rule as a whole. */
export function fieldOf(message: { what: string; field?: string | null; line?: number | null }, document: Document | null) {
  if (message.field) return message.field;
  const missing = /missing field `(\w+)`/.exec(message.what)?.[1];
  if (missing && !message.line) return missing;
  if (missing) return Object.values(FIELDS).find(({ path }) => path.split(".").at(-1) === missing)?.path ?? null;
  if (message.line && document) return pathAtLine(document, message.line);
  const name = ABOUT.find(([words]) => words.test(message.what))?.[1];
  if (name === undefined || name === "params" || name === "inhibits") return null;
  return name === "group_by" ? "route.group_by" : FIELDS[name].path;
}

/** The sign that stands behind a limit's input. */
export function limitSign(document: Document): string {
  return unitSign(unitOf(document));
}

/** The last part of the parser's message, and the line that it names. */
export function problemOf(message: string): { what: string; line: number | null } {
  const line = /at line (\d+)/.exec(message)?.[1];
  const lines = message.replace(/^rule [^:]*: /, "").trim().split("\n");
  return { what: line ? (lines.at(-1) ?? message) : lines.join("\n"), line: line ? Number(line) : null };
}

/** What a new rule starts as. */
export function blankRule(id: string): string {
  return `id = ${JSON.stringify(id)}
title = ""
runbook = ""

[query]
name = ""
labels = []
value = ""

[eval]
every = "1m"
window = "5m"

[raise]
op = ">"
at = 1

[recover]
op = "<"
at = 0.5

[hold]
for = "5m"
missing_after = 3

[route]
severity = "warning"
service = "web"
team = ""
targets = []
`;
}

/** Columns as another rule over the same query reads them: nobody wants to look them up. */
export function withColumnsOf(text: string, other: Document): string {
  const paths = [FIELDS.labels, FIELDS.value, FIELDS.sample, FIELDS.count, FIELDS.min_n, FIELDS.unit].map(
    ({ path }) => path,
  );
  return paths.reduce((text, path) => withValue(text, path, valueAt(other, path) ?? null), text);
}
