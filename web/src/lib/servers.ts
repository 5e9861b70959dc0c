// Servers beside the errors: what each had to do, and whether the errors go with it.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Answer } from "./api";
import { bestLag, type Lag } from "./lag";
import { pathOf } from "./routes";
import { bucketsOf, type Values } from "./series";
import { formatSpan, parseSpan, type Span } from "./spans";
import { MINUTE, SECOND, bucketSeconds, type Window } from "./windows";

export interface ServerFilter extends Span {
  /** The one server looked at; null for the busiest ones. */
  readonly host: string | null;
}

export function parseServers(search: string): ServerFilter {
  const params = new URLSearchParams(search);
  return { ...parseSpan(params, "6h"), host: params.get("host") || null };
}

export function formatServers({ host, ...span }: ServerFilter): string {
  return pathOf("servers", null, { ...formatSpan(span, "6h"), host });
}

export const METRICS = ["cpu_pct", "mem_used_pct", "load1"] as const;
export type Metric = (typeof METRICS)[number];

export interface Server {
  readonly host: string;
  readonly series: Readonly<Record<Metric, Values>>;
  readonly last: Readonly<Record<Metric, number | null>>;
  readonly peak: number | null;
  /** How the CPU goes with the errors. */
  readonly lag: Lag | null;
}

const LAG_MS = 15 * MINUTE;

/** Minutes show a lag; longer windows have to do with less. */
export function stepSeconds(window: Window): number {
  return window.to - window.from <= 24 * 60 * MINUTE ? 60 : bucketSeconds(window);
}

/** The servers, the one whose CPU rose highest first. */
export function serversOf(answer: Answer, errors: Values, window: Window, stepS: number): Server[] {
  const buckets = bucketsOf(window, stepS);
  const idxOf = new Map(buckets.map((t, idx) => [t, idx]));
  const hosts = new Map<string, Record<Metric, Values>>();
  const empty = (): Values => buckets.map(() => null);
  for (const row of rowsOf(answer)) {
    const idx = idxOf.get(numberOf(row("t")) ?? Number.NaN);
    const host = textOf(row("host")) ?? "unknown host";
    const series = hosts.get(host) ?? { cpu_pct: empty(), mem_used_pct: empty(), load1: empty() };
    hosts.set(host, series);
    if (idx === undefined) continue;
    for (const metric of METRICS) series[metric][idx] = numberOf(row(metric));
  }
  const lagMax = Math.floor(LAG_MS / (stepS * SECOND));
  const servers = [...hosts].map(([host, series]): Server => {
    const known = series.cpu_pct.filter((value) => value !== null);
    const last = (metric: Metric) => series[metric].findLast((value) => value !== null) ?? null;
    return {
      host,
      series,
      last: { cpu_pct: last("cpu_pct"), mem_used_pct: last("mem_used_pct"), load1: last("load1") },
      peak: known.length > 0 ? Math.max(...known) : null,
      lag: bestLag(errors, series.cpu_pct, lagMax),
    };
  });
  return servers.sort((a, b) => (b.peak ?? -1) - (a.peak ?? -1) || (a.host < b.host ? -1 : 1));
}
