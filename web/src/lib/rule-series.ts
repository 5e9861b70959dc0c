// A rule's values on one time axis, and the stretches in which it was pending, firing, recovering.

import type { Phase, PhaseSpan, Point, RuleSeries } from "./rules-api";
import type { Values } from "./series";
import { DAY, HOUR, type Window } from "./windows";

/** The server refuses more ticks than this. */
const TICKS_MAX = 2000;
/** With fewer there is little to see. */
const TICKS_MIN = 100;

const SPANS = [
  { value: "1h", ms: HOUR },
  { value: "3h", ms: 3 * HOUR },
  { value: "6h", ms: 6 * HOUR },
  { value: "12h", ms: 12 * HOUR },
  { value: "1d", ms: DAY },
  { value: "3d", ms: 3 * DAY },
  { value: "7d", ms: 7 * DAY },
  { value: "30d", ms: 30 * DAY },
] as const;
export type SpanName = (typeof SPANS)[number]["value"];

export interface SpanChoice {
  readonly value: SpanName;
  readonly ms: number;
}

/** The spans that a rule can be shown over; one that looks seldom needs longer ones. */
export function spansFor(everyS: number): SpanChoice[] {
  const ticks = (ms: number) => ms / 1000 / everyS;
  const able = SPANS.filter(({ ms }) => ticks(ms) < TICKS_MAX && ticks(ms) >= 6);
  return able.length > 0 ? able.slice(0, 5) : [SPANS[0]];
}

/** The span of that name when the rule can be shown over it, else the first that shows enough. */
export function spanFor(name: string | null, everyS: number): SpanChoice {
  const able = spansFor(everyS);
  const named = able.find(({ value }) => value === name);
  const enough = able.find(({ ms }) => ms / 1000 / everyS >= TICKS_MIN);
  return named ?? enough ?? (able.at(-1) as SpanChoice);
}

/** What the editor looks back over: a day, or as much of it as the server gives; more where the rule looks seldom. */
export function spanToTry(everyS: number): SpanChoice {
  return spansFor(everyS).findLast(({ ms }) => ms <= DAY) ?? spanFor(null, everyS);
}

/** More lines than this are one tangle. */
export const LINES_MAX = 6;
const COLOURS = ["accent", "rate-2", "ok", "warn", "rate-4", "soft"] as const;

/** The colour of an instance by its place among all, so that it keeps it when it stands alone. */
export function colourAt(idx: number): (typeof COLOURS)[number] {
  return COLOURS[idx % COLOURS.length] ?? "accent";
}

export interface Instance {
  readonly name: string;
  readonly values: Values;
  readonly last: Point | null;
  readonly worst: Point | null;
}

export interface Drawn {
  readonly ticks: readonly number[];
  /** Those that were not well first, then the worst. */
  readonly instances: readonly Instance[];
}

/** Whether larger values are worse. */
export function isUpward(op: string): boolean {
  return !op.startsWith("<");
}

/** All instances on the axis of all ticks; a tick without a row is a gap. */
export function instancesOf({ series, spans }: RuleSeries, op: string): Drawn {
  const all = Object.values(series).flatMap((points) => points.map(({ t }) => t));
  const ticks = [...new Set(all)].sort((a, b) => a - b);
  const sign = isUpward(op) ? 1 : -1;
  const badness = (point: Point | null) => (point?.value == null ? -Infinity : sign * point.value);
  const instances = Object.entries(series).map(([name, points]): Instance => {
    const at = new Map(points.map((point) => [point.t, point]));
    return {
      name,
      values: ticks.map((t) => at.get(t)?.value ?? null),
      last: points.at(-1) ?? null,
      worst: points.reduce<Point | null>((a, b) => (badness(b) > badness(a) ? b : a), null),
    };
  });
  // What the rule acted on stands first: a large value of a small sample is none.
  const acted = (one: Instance) => Number((spans ?? []).some((span) => span.name === one.name));
  instances.sort((a, b) => acted(b) - acted(a) || badness(b.worst) - badness(a.worst) || (a.name < b.name ? -1 : 1));
  return { ticks, instances };
}

export interface Stretch extends Window {
  readonly phase: Phase;
}

/** In the order in which they follow one another. */
export const PHASES: readonly Phase[] = ["pending", "firing", "recovering"];
/** What is worse hides what is better: where one instance fires the time reads as firing. */
const WORST_FIRST: readonly Phase[] = ["firing", "pending", "recovering"];

/** The stretches of all instances, or of one, laid together so that none lies over another. */
export function stretchesOf(spans: readonly PhaseSpan[] | undefined, name: string | null): Stretch[] {
  const own = (spans ?? []).filter((span) => (name === null || span.name === name) && span.from < span.to);
  const cuts = [...new Set(own.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const stretches: Stretch[] = [];
  for (const [idx, from] of cuts.entries()) {
    const to = cuts[idx + 1];
    if (to === undefined) break;
    const over = own.filter((span) => span.from <= from && span.to >= to);
    const phase = WORST_FIRST.find((phase) => over.some((span) => span.phase === phase));
    if (!phase) continue;
    const before = stretches.at(-1);
    if (before?.phase === phase && before.to === from) stretches[stretches.length - 1] = { ...before, to };
    else stretches.push({ phase, from, to });
  }
  return stretches;
}

/** The phase of an instance at a time; none when it was well or nobody says. */
export function phaseAt(spans: readonly PhaseSpan[] | undefined, name: string, t: number): Phase | null {
  return (spans ?? []).find((span) => span.name === name && span.from <= t && t < span.to)?.phase ?? null;
}
