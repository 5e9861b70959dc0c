// All state of the view is in the address: /map?from=&to=&place=ES/ES-MD/Madrid&path=&metric=count&view=hour&as=treemap.

import { ALL, paramsOf, parseFilters, type Filters } from "./filters";
import { WORLD, formatPlace, parsePlace, type Place } from "./places";
import type { View, Window } from "./windows";

export type Metric = "rate" | "count" | "surprise";
/** How one and the same answer is drawn. */
export type Twin = "map" | "treemap" | "table";

export interface UrlState {
  readonly view: View;
  readonly metric: Metric;
  readonly place: Place;
  /** Null while the window moves with the clock. */
  readonly window: Window | null;
  readonly as: Twin;
  readonly filters: Filters;
}

export const START: UrlState = { view: "day", metric: "rate", place: WORLD, window: null, as: "map", filters: ALL };

const VIEWS: readonly View[] = ["day", "hour", "week", "difference", "custom"];
export const METRICS: readonly Metric[] = ["rate", "count", "surprise"];
export const TWINS: readonly Twin[] = ["map", "treemap", "table"];
/** Beyond this a browser's dates end. */
const MS_MAX = 8.64e15;

/** Reads the query part; whatever is missing or wrong takes its ordinary value. */
export function parseUrl(search: string): UrlState {
  const params = new URLSearchParams(search);
  const window = parseWindow(params.get("from"), params.get("to"));
  const place = parsePlace(params.get("place") ?? "");
  const metric = METRICS.find((metric) => metric === params.get("metric")) ?? "rate";
  const as = TWINS.find((twin) => twin === params.get("as")) ?? "map";
  const named = VIEWS.find((view) => view === params.get("view"));
  const rest = { metric, place, as, filters: parseFilters(params) };
  if (named === "difference") return { view: named, window, ...rest };
  // A window given makes any other view that window's own.
  if (window) return { view: "custom", window, ...rest };
  return { view: named && named !== "custom" ? named : "day", window: null, ...rest };
}

function parseWindow(from: string | null, to: string | null): Window | null {
  const window = { from: parseMs(from), to: parseMs(to) };
  return window.from < window.to ? window : null;
}

function parseMs(text: string | null): number {
  if (text === null || !/^\d{1,16}$/.test(text)) return Number.NaN;
  const ms = Number(text);
  return ms <= MS_MAX ? ms : Number.NaN;
}

/** Writes the shortest address that reads back as the same state. */
export function formatUrl({ view, metric, place, window, as, filters }: UrlState): string {
  const pairs: string[] = [];
  if (window) pairs.push(`from=${window.from}`, `to=${window.to}`);
  const path = formatPlace(place);
  if (path) pairs.push(`place=${readable(path)}`);
  for (const [name, value] of Object.entries(paramsOf(filters))) pairs.push(`${name}=${readable(value)}`);
  if (metric !== "rate") pairs.push(`metric=${metric}`);
  if (view !== "day") pairs.push(`view=${view}`);
  if (as !== "map") pairs.push(`as=${as}`);
  return pairs.length ? `/map?${pairs.join("&")}` : "/map";
}

/** A slash may stand in a query (RFC 3986, section 3.4), and reads better. */
function readable(text: string): string {
  return encodeURIComponent(text).replace(/%2F/g, "/");
}

/** Takes the one-time secret out of a sign-in link's fragment. */
export function linkSecret(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, "")).get("secret") || null;
}
