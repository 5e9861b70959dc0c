// What the overview asks the server, and where its links lead.

import { run, type Answer, type Ask, type Status } from "./api";
import { facetAsk } from "./filter-values";
import { chosenOf, facetsOf, paramsOf, parseFilters, type Filters } from "./filters";
import { loadIndex, type Index } from "./geometry";
import { orNull, overTime, type History, type Memory } from "./history";
import { formatLines, type Facet, type FacetChoice } from "./line-query";
import { HEARD_MS, LAG_MS, pipelineOf, type Pipeline } from "./pipeline";
import { BEFORE, daysBefore, pastOf, pulseAsk, pulseOf, type Past, type Pulse } from "./pulse";
import { WORLD } from "./places";
import { pathOf } from "./routes";
import { bucketsOf, errorSeries, hostLines, type ErrorSeries, type Line } from "./series";
import { formatSpan, parseSpan, windowOf, type Span } from "./spans";
import { START, formatUrl } from "./url-state";
import { USUAL_DAYS, calmSince, lastAbove, minutesAfter, usualOf, type Above, type Usual } from "./usual";
import { DAY, SECOND, bucketSeconds, clockOf, type Clock, type Window } from "./windows";
import { worstAmong, worstOf, type Worst } from "./worst";

/** Which requests: of what time, and of what. */
export interface Scope extends Span {
  readonly filters: Filters;
}

export function parseOverview(search: string): Scope {
  const params = new URLSearchParams(search);
  return { ...parseSpan(params), filters: parseFilters(params) };
}

export function formatOverview({ filters, ...span }: Scope): string {
  return pathOf("overview", null, { ...formatSpan(span), ...paramsOf(filters) });
}

/** Requests, errors and what is usual, on one time axis. */
export interface Course {
  readonly context: Window;
  readonly buckets: readonly number[];
  readonly series: ErrorSeries;
  readonly usual: Usual | null;
  /** When the rate is above what is usual, or last was within the window. */
  readonly above: Above | null;
}

export type WorstKind = "country" | "host" | "path" | "as_org";

export interface Overview {
  readonly clock: Clock;
  readonly window: Window;
  readonly now: Pulse;
  readonly past: Readonly<Record<(typeof BEFORE)[number]["name"], Past>>;
  readonly course: Course | null;
  /** CPU of the host that was busiest within the window. */
  readonly host: Line | null;
  readonly worst: Readonly<Record<WorstKind, readonly Worst[] | null>>;
  readonly pipeline: Pipeline;
  readonly index: Index | null;
}

export async function askOverview(
  { filters, ...span }: Scope,
  status: Status,
  memory: Memory,
  signal: AbortSignal,
): Promise<Overview> {
  const now = Date.parse(status.now);
  const clock = clockOf(now, status.data.told_to);
  const window = windowOf(span, clock);
  const context = { from: Math.min(window.from, window.to - DAY), to: window.to };
  const bucketS = Math.max(300, bucketSeconds(context));
  const bounds = { from: window.from, to: window.to };
  const only = paramsOf(filters);
  const isAll = chosenOf(filters).length === 0;
  const optional = (ask: Ask) => orNull(run(ask, signal), signal);
  const [pulse, past, errors, history, hosts, countries, byHost, paths, networks, facets, lag, unparsed, heard, index] =
    await Promise.all([
      run(pulseAsk(window, WORLD, filters), signal),
      Promise.all(
        BEFORE.map(async ({ days }) => {
          const then = daysBefore(window, days);
          const answer = await optional(pulseAsk(then, WORLD, filters));
          return pastOf(answer && pulseOf(answer), then, status.data.from);
        }),
      ),
      optional(overTime(context, bucketS, WORLD, filters)),
      orNull(memory.past({ from: context.from - USUAL_DAYS * DAY, to: window.to }, bucketS, WORLD, filters), signal),
      optional({ query: "host_load", params: { ...context, bucket_s: bucketS } }),
      optional({ query: "errors_by_country", params: { ...bounds, ...only } }),
      isAll ? optional({ query: "errors_by_host", params: bounds }) : null,
      isAll ? optional({ query: "errors_by_path", params: bounds }) : null,
      isAll ? optional({ query: "errors_by_network", params: bounds }) : null,
      // Hosts, paths and networks of only some requests are told by the facets.
      isAll ? null : optional(facetAsk(window, WORLD, filters)),
      optional({ query: "ingest_lag", params: { from: now - LAG_MS, to: now } }),
      optional({ query: "unparsed_share", params: bounds }),
      optional({ query: "sources_heard", params: { from: now - HEARD_MS, to: now } }),
      orNull(loadIndex(), signal),
    ]);
  const nothing: Past = { known: "nothing", pulse: null };
  const read = pulseOf(pulse) as Pulse;
  const worst = (answer: Answer | null, column: string) => answer && worstOf(answer, column, read.rate);
  const worstBy = (answer: Answer | null, field: Exclude<WorstKind, "country">) =>
    isAll ? worst(answer, field) : facets && worstAmong(facets, field, filters[field], read.rate);
  const course = errors && courseOf(errors, history ?? new Map(), window, context, bucketS);
  return {
    clock,
    window,
    now: read,
    past: { day: past[0] ?? nothing, week: past[1] ?? nothing },
    course: course && (await endedOf(course, bucketS, (span) => optional(overTime(span, 60, WORLD, filters)))),
    host: hosts && busiestOf(hosts, window, context, bucketS, filters.host),
    worst: {
      country: worst(countries, "country"),
      host: worstBy(byHost, "host"),
      path: worstBy(paths, "path"),
      as_org: worstBy(networks, "as_org"),
    },
    pipeline: pipelineOf(lag, unparsed, heard, now),
    index,
  };
}

function courseOf(
  errors: Answer,
  history: History,
  window: Window,
  context: Window,
  bucketS: number,
): Course {
  const buckets = bucketsOf(context, bucketS);
  const series = errorSeries(errors, context, bucketS, null);
  const usual = usualOf(history, buckets, bucketS, window);
  const latest = usual && lastAbove(buckets, series, usual);
  const isWithin = latest && (latest.to === null || latest.to > window.from);
  return { context, buckets, series, usual, above: isWithin ? latest : null };
}

/** With the end of what was above to the minute: buckets tell it late, and those of a long window hours late. */
export async function endedOf(
  course: Course,
  bucketS: number,
  ask: (span: Window) => Promise<Answer | null>,
): Promise<Course> {
  const { above, buckets, usual, context } = course;
  if (!above || !usual) return course;
  const span = minutesAfter(above, bucketS, context.to);
  const answer = span.from < span.to ? await ask(span) : null;
  if (!answer) return course;
  const topAt = (t: number) => usual.high[buckets.findLastIndex((start) => start <= t)] ?? null;
  const to = calmSince(bucketsOf(span, 60), errorSeries(answer, span, 60, null), topAt) ?? above.to;
  return { ...course, above: { ...above, to } };
}

/** Of the hosts the one that is filtered by, or else the one with most CPU on average within the window. */
export function busiestOf(
  answer: Answer,
  window: Window,
  context: Window,
  bucketS: number,
  host?: string,
): Line | null {
  const buckets = bucketsOf(context, bucketS);
  const mean = ({ values }: Line) => {
    const within = values.filter(
      (value, idx): value is number => value !== null && (buckets[idx] ?? 0) + bucketS * SECOND > window.from,
    );
    return within.length > 0 ? within.reduce((sum, value) => sum + value, 0) / within.length : -1;
  };
  const { lines } = hostLines(answer, context, bucketS);
  const chosen = lines.find(({ name }) => name === host);
  return chosen ?? lines.reduce<Line | null>((most, line) => (most && mean(most) >= mean(line) ? most : line), null);
}

/** The map of the window; it moves with the clock where the window does. */
export function mapOf({ filters, ...span }: Scope, window: Window, country: string | null = null): string {
  const of = { ...START, place: { country, region: null, city: null }, filters };
  if (!span.window && span.last === "1h") return formatUrl({ ...of, view: "hour" });
  if (!span.window && span.last === "24h") return formatUrl(of);
  return formatUrl({ ...of, view: "custom", window });
}

/** The lines of what is shown, with one value of each facet given. */
export function linesOf({ filters, ...span }: Scope, only: Partial<Record<Facet, FacetChoice>>): string {
  const given = Object.fromEntries(Object.entries(only).map(([facet, value]) => [facet, [value]]));
  return formatLines({ view: "lines", ...span, text: "", chosen: { ...facetsOf(filters), ...given } });
}

export function serverOf(span: Span, host: string): string {
  return pathOf("servers", null, { ...formatSpan(span, "6h"), host });
}

/** The page of times, with that window chosen in it. */
export function timeOf({ from, to }: Window, filters: Filters): string {
  return pathOf("time", null, { from: String(from), to: String(to), ...paramsOf(filters) });
}
