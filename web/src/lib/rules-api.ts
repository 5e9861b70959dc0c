// Rules: what there is, how each did, its values, its past, a test event.

import { request } from "./api";
import type { Labels, Severity, Share, Unit } from "./incidents-api";

export interface Limit {
  readonly op: string;
  readonly at: number;
}

export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly enabled: boolean;
  readonly version: string;
  readonly query: string;
  readonly labels: readonly string[];
  readonly unit: Unit;
  readonly every_s: number;
  readonly window_s: number;
  readonly raise: Limit;
  readonly recover: Limit;
  readonly severity: Severity;
  readonly service: string;
  readonly team: string;
  readonly targets: readonly string[];
  readonly runbook: string;
  readonly text: string;
  readonly last_tick: number | null;
  readonly open_incidents: number;
  readonly findings: readonly { readonly level: "warning" | "error"; readonly what: string }[];
  readonly observed_ppv: Share;
  readonly backtest: Report | null;
}

export interface RuleList {
  readonly rules: readonly Rule[];
  /** Files that are no rules, and why. */
  readonly problems: readonly string[];
}

export interface Point {
  readonly t: number;
  readonly value: number | null;
  readonly n: number | null;
}

export type Phase = "pending" | "firing" | "recovering";

export interface PhaseSpan {
  readonly name: string;
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
}

export interface RuleSeries {
  readonly raise: number;
  readonly recover: number;
  readonly sql: string | null;
  readonly series: Readonly<Record<string, readonly Point[]>>;
  readonly spans?: readonly PhaseSpan[];
}

export interface Episode {
  readonly labels: Labels;
  readonly from_us: number;
  readonly to_us: number;
  readonly summary: string;
  readonly peak: number | null;
}

/** What a rule would have done. */
export interface Report {
  readonly raise: number;
  readonly from: string;
  readonly to: string;
  readonly ticks: number;
  readonly failed_ticks: number;
  readonly opens: number;
  readonly pages: number;
  readonly pages_per_week: number;
  readonly night_pages: number;
  readonly open_share: number;
  readonly longest_s: number;
  readonly flaps: number;
  readonly delay_p50_s: number | null;
  readonly delay_p90_s: number | null;
  readonly episodes: readonly Episode[];
}

export interface Trial {
  readonly report: Report;
  readonly sweep: readonly Report[];
}

/** What became of a test event at one target. */
export interface Fired {
  readonly target: string;
  readonly action: string;
  readonly taken: boolean;
  readonly error: string | null;
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
