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

export function backtest(
  id: string,
  { from, to }: { from: number; to: number },
  sweep: readonly number[],
  signal: AbortSignal,
): Promise<Trial> {
  return request("POST", `${at(id)}/backtest`, {
    body: { from: String(from), to: String(to), sweep },
    signal,
  });
}

export function fire(id: string): Promise<Fired[]> {
  return request("POST", `${at(id)}/fire`, { body: {} });
}
