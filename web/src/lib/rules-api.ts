// Rules: what there is, how each did, its values, its past, a test event.

import { request, type Refined, type Schemas } from "./api";

export type Limit = Schemas["Limit"];
export type Rule = Schemas["Rule"];
/** The rules, and which files are none. */
export type RuleList = Schemas["Rules"];
export type Point = Schemas["Point"];
export type Phase = "pending" | "firing" | "recovering";
export type PhaseSpan = Refined<Schemas["PhaseOf"], { readonly phase: Phase }>;
export type RuleSeries = Refined<Schemas["Series"], { readonly spans: readonly PhaseSpan[] }>;
export type Episode = Schemas["Episode"];
/** What a rule would have done. */
export type Report = Schemas["BacktestReport"];
export type Trial = Schemas["BacktestOutcome"];
/** What became of a test event at one target. */
export type Fired = Schemas["Fired"];
/** One thing that lint found, and the path of the field that it is about, where that is known. */
export type Finding = Schemas["LintFinding"] & { readonly field?: string | null };
/** What is to be said of a text: why it is no rule, or what is doubtful about the rule. */
export interface Lint {
  readonly problem: { readonly what: string; readonly line: number | null } | null;
  readonly findings: readonly Finding[];
}

const at = (id: string) => `/api/v1/rules/${encodeURIComponent(id)}`;

export function getRules(signal: AbortSignal): Promise<RuleList> {
  return request("GET", "/api/v1/rules", { signal });
}

export function getRule(id: string, signal: AbortSignal): Promise<Rule> {
  return request("GET", at(id), { signal });
}

export function getRuleSeries(
  id: string,
  { from, to }: { from: number; to: number },
  signal: AbortSignal,
): Promise<RuleSeries> {
  return request("GET", `${at(id)}/series?from=${from}&to=${to}`, { signal });
}

/** The values of a rule that is not saved, and its phases as they would have been. */
export function tryRule(
  id: string,
  { from, to }: { from: number; to: number },
  rule: string,
  signal: AbortSignal,
): Promise<RuleSeries> {
  return request("POST", `${at(id)}/series`, { body: { from: String(from), to: String(to), rule }, signal });
}

export function lintRule(id: string, rule: string, signal: AbortSignal): Promise<Lint> {
  return request("POST", `${at(id)}/lint`, { body: { rule }, signal });
}

/** Writes the file; refused when somebody has changed what `version` names, or when it is none and there is such a rule. */
export function putRule(id: string, text: string, version: string | null): Promise<Rule> {
  return request("PUT", at(id), { body: version === null ? { text } : { text, version } });
}

export interface Question {
  readonly from: number;
  readonly to: number;
  /** Other limits to try. */
  readonly sweep?: readonly number[];
  /** Known outages as CSV. */
  readonly labels?: string | null;
  /** The text of a rule that is not saved. */
  readonly rule?: string | null;
}

export function backtest(
  id: string,
  { from, to, sweep = [], labels = null, rule = null }: Question,
  signal: AbortSignal,
): Promise<Trial> {
  return request("POST", `${at(id)}/backtest`, {
    body: { from: String(from), to: String(to), sweep, labels, rule },
    signal,
  });
}

export function fire(id: string): Promise<Fired[]> {
  return request("POST", `${at(id)}/fire`, { body: {} });
}
