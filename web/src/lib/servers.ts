// Servers beside the errors: what each had to do, and whether the errors go with it.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Answer, Table } from "./api";
import { bestLag, type Lag } from "./lag";
import { pathOf } from "./routes";
import { bucketsOf, type Values } from "./series";
import { formatSpan, parseSpan, type Span } from "./spans";
import { timeLiteral } from "./sql-text";
import { t as texts } from "./texts";
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
  /** How many errors of its own it is compared with; null when it is compared with those of all. */
  readonly nOwn: number | null;
}

const LAG_MS = 15 * MINUTE;

/** Minutes show a lag; longer windows have to do with less. */
export function stepSeconds(window: Window): number {
  return window.to - window.from <= 24 * 60 * MINUTE ? 60 : bucketSeconds(window);
}

/** Fewer errors than this say nothing of when they come. */
const OWN_MIN = 20;

/** The errors that each host wrote itself: failed requests, and errors of its programs. All together are those of all. */
export function ownErrorsSql({ from, to }: Window, stepS: number): string {
  return `SELECT host, CAST(ts AS BIGINT) / ${stepS * 1_000_000} * ${stepS * SECOND} AS t, count(*) AS k
FROM logs
WHERE ts >= ${timeLiteral(from * 1000)} AND ts < ${timeLiteral(to * 1000)}
  AND is_error
GROUP BY 1, 2`;
}

export interface OwnErrors {
  readonly n: number;
  readonly perMinute: Values;
}

export interface Errors {
  /** Of all hosts and of lines without one: what each host's are a part of. */
  readonly all: Values;
  readonly own: ReadonlyMap<string, OwnErrors>;
}

/**
 * Errors of all and of each host over time. Where `requests` has a gap they have one too, and so at the window's cut
 * ends. Null when the table is not whole: a part of the hosts would be taken for all of them.
 */
export function errorsByHost(table: Table, requests: Values, window: Window, stepS: number): Errors | null {
  if (table.truncated) return null;
  const all = new Map<number, number>();
  const hosts = new Map<string, Map<number, number>>();
  for (const row of rowsOf(table)) {
    const [host, t, k] = [textOf(row("host")), numberOf(row("t")) ?? Number.NaN, numberOf(row("k")) ?? 0];
    all.set(t, (all.get(t) ?? 0) + k);
    if (host === null) continue;
    const counts = hosts.get(host) ?? new Map<number, number>();
    hosts.set(host, counts.set(t, k));
  }
  const size = stepS * SECOND;
  const buckets = bucketsOf(window, stepS).map((t, idx) => {
    const isCut = t < window.from || t + size > window.to;
    return { t, isGap: isCut || (requests[idx] ?? null) === null };
  });
  const perMinute = (counts: ReadonlyMap<number, number>): Values =>
    buckets.map(({ t, isGap }) => (isGap ? null : ((counts.get(t) ?? 0) * MINUTE) / size));
  const own = [...hosts].map(([host, counts]): [string, OwnErrors] => {
    return [host, { n: [...counts.values()].reduce((sum, k) => sum + k, 0), perMinute: perMinute(counts) }];
  });
  return { all: perMinute(all), own: new Map(own.filter(([, { n }]) => n >= OWN_MIN)) };
}

/** The servers, the one whose CPU rose highest first. */
export function serversOf(
  answer: Answer,
  errors: Values,
  window: Window,
  stepS: number,
  ownOf: ReadonlyMap<string, OwnErrors> = new Map(),
): Server[] {
  const buckets = bucketsOf(window, stepS);
  const idxOf = new Map(buckets.map((t, idx) => [t, idx]));
  const hosts = new Map<string, Record<Metric, Values>>();
  const empty = (): Values => buckets.map(() => null);
  for (const row of rowsOf(answer)) {
    const idx = idxOf.get(numberOf(row("t")) ?? Number.NaN);
    const host = textOf(row("host")) ?? texts.servers.unknownHost;
    const series = hosts.get(host) ?? { cpu_pct: empty(), mem_used_pct: empty(), load1: empty() };
    hosts.set(host, series);
    if (idx === undefined) continue;
    for (const metric of METRICS) series[metric][idx] = numberOf(row(metric));
  }
  const lagMax = Math.floor(LAG_MS / (stepS * SECOND));
  const servers = [...hosts].map(([host, series]): Server => {
    const known = series.cpu_pct.filter((value) => value !== null);
    const last = (metric: Metric) => series[metric].findLast((value) => value !== null) ?? null;
    const own = ownOf.get(host);
    return {
      host,
      series,
      last: { cpu_pct: last("cpu_pct"), mem_used_pct: last("mem_used_pct"), load1: last("load1") },
      peak: known.length > 0 ? Math.max(...known) : null,
      lag: bestLag(own?.perMinute ?? errors, series.cpu_pct, lagMax),
      nOwn: own?.n ?? null,
    };
  });
  return servers.sort((a, b) => (b.peak ?? -1) - (a.peak ?? -1) || (a.host < b.host ? -1 : 1));
}
