// The state of the page: what the address asks for, and what the server last said about it.

import { failureFrom, run, Failure, type Answer, type Ask, type Status } from "./api";
import { cellsOf, ordered, readingOf, type Cell, type Reading } from "./cells";
import { isPart } from "./filters";
import { loadIndex, loadRegions, loadWorld, type Country, type Index, type Shapes } from "./geometry";
import type { Desk } from "./desk.svelte";
import { live } from "./live.svelte";
import { isSamePlace, levelOf, parentOf, type Level, type Place } from "./places";
import { planOf, type Plan } from "./plan";
import { router } from "./router.svelte";
import { errorSeries, hostLines, bucketsOf, type ErrorSeries, type HostLines } from "./series";
import type { Size } from "./scene";
import { session } from "./session.svelte";
import { formatUrl, parseUrl, type UrlState } from "./url-state";
import { SECOND, bucketSeconds, clockOf, windowsOf, type Clock, type Windows } from "./windows";
import { WHOLE, zoomedAt, type Zoom } from "./zoom";

/** The outlines a view needs. */
export type Geometry =
  | { readonly kind: "world"; readonly shapes: Shapes; readonly countries: Readonly<Record<string, Country>> }
  | { readonly kind: "country"; readonly shapes: Shapes }
  | { readonly kind: "area"; readonly shapes: Shapes; readonly id: string }
  | { readonly kind: "point"; readonly country: Country }
  | { readonly kind: "none" };

export interface Asked {
  readonly name: keyof Plan;
  readonly ask: Ask;
  readonly answer: Answer;
}

/** All that is on the screen, of one moment: it changes as a whole, so that map, table and charts agree. */
export interface Shown {
  readonly url: UrlState;
  readonly clock: Clock;
  readonly windows: Windows;
  readonly level: Level;
  readonly reading: Reading;
  readonly geometry: Geometry;
  readonly index: Index;
  readonly cells: readonly Cell[];
  readonly cities: readonly Cell[];
  readonly truncated: boolean;
  readonly buckets: readonly number[];
  readonly bucketS: number;
  readonly series: ErrorSeries | null;
  readonly hosts: HostLines | null;
  readonly asked: readonly Asked[];
}

/** A question that takes longer than this is asked anew. */
const STUCK_MS = 60_000;

export class Atlas {
  url = $state.raw<UrlState>(parseUrl(location.search));
  shown = $state.raw<Shown | null>(null);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);
  /** Key of the cell that pointer or focus is on, shared by map and table. */
  hovered = $state<string | null>(null);
  /** Another place is seen as a whole first. */
  zoom = $state.raw<Zoom>(WHOLE);
  mapSize: Size = { width: 0, height: 0 };

  #abort = new AbortController();
  #mark = live.mark();
  #geometry: { key: string; geometry: Geometry } | null = null;
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get status(): Status | null {
    return this.#desk.status;
  }

  /** Loads and follows the clock; returns how to stop. */
  start(): () => void {
    this.url = parseUrl(location.search);
    router.replace(formatUrl(this.url));
    const timer = setInterval(() => this.#tick(), SECOND);
    void this.load();
    return () => {
      clearInterval(timer);
      this.#abort.abort();
    };
  }

  /** Shows what the address has come to ask for. */
  follow(search: string): void {
    const url = parseUrl(search);
    if (formatUrl(url) !== formatUrl(this.url)) this.#show(url);
  }

  go(change: Partial<UrlState>): void {
    const url = { ...this.url, ...change };
    const address = formatUrl(url);
    if (address === formatUrl(this.url)) return;
    router.go(address);
    this.#show(url);
  }

  /** The address of the view with a change, for links. */
  address(change: Partial<UrlState>): string {
    return formatUrl({ ...this.url, ...change });
  }

  /** Around the middle of the map. */
  zoomBy(factor: number): void {
    const { width, height } = this.mapSize;
    this.zoom = zoomedAt(this.zoom, factor, width / 2, height / 2, this.mapSize);
  }

  up(): void {
    const place = parentOf(this.url.place);
    if (place) this.go({ place });
  }

  #show(url: UrlState): void {
    // Another drawing of the same answer asks nothing.
    const isSameQuestion = formatUrl({ ...url, as: this.url.as }) === formatUrl(this.url);
    if (!isSamePlace(url.place, this.url.place)) this.zoom = WHOLE;
    this.url = url;
    this.hovered = null;
    if (!isSameQuestion || !this.shown) void this.load();
  }

  #tick(): void {
    const isStuck = performance.now() - this.#mark.at > STUCK_MS;
    if ((!this.busy || isStuck) && live.isDue(this.#mark)) void this.load();
  }

  /** Asks everything anew; what was asked before and is not answered yet no longer counts. */
  async load(): Promise<void> {
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    this.#mark = live.mark();
    try {
      const [desktop, index] = await Promise.all([this.#desk.latest(abort.signal), loadIndex()]);
      if (abort.signal.aborted) return;
      this.#desk.put(desktop);
      const { status } = desktop;
      const shown = status.data.rows > 0 ? await this.#ask(this.url, status, index, abort.signal) : null;
      if (abort.signal.aborted) return;
      this.shown = shown;
      this.failure = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!session.lostBy(error)) this.failure = failureFrom(error);
    } finally {
      if (this.#abort === abort) this.busy = false;
    }
  }

  async #ask(url: UrlState, status: Status, index: Index, signal: AbortSignal): Promise<Shown> {
    const clock = clockOf(Date.parse(status.now), status.data.told_to);
    const windows = windowsOf(url.view, url.window, clock.end, url.metric === "surprise");
    const level = levelOf(url.place, (country) => index.countries[country]?.admin1 === true);
    const plan = planOf(level, url.place, windows, url.filters);
    const [geometry, cells, cities, series, hosts] = await Promise.all([
      this.#outlines(url.place, level, index),
      run(plan.cells, signal),
      plan.cities && optional(run(plan.cities, signal)),
      optional(run(plan.series, signal)),
      optional(run(plan.hosts, signal)),
    ]);
    const reading = readingOf(url.metric, windows);
    const quietUntil = isPart(url.place, url.filters) ? clock.end : null;
    const bucketS = bucketSeconds(windows.context);
    const nameOf = (code: string) => index.countries[code]?.name ?? index.regions[code] ?? code;
    return {
      url,
      clock,
      windows,
      level,
      reading,
      geometry,
      index,
      cells: ordered(cellsOf(cells, level, nameOf), reading),
      cities: cities ? cellsOf(cities, "city", nameOf) : [],
      truncated: cells.truncated,
      buckets: bucketsOf(windows.context, bucketS),
      bucketS,
      series: series && errorSeries(series, windows.context, bucketS, quietUntil),
      hosts: hosts && hostLines(hosts, windows.context, bucketS),
      asked: askedOf(plan, { cells, cities, series, hosts }),
    };
  }

  async #outlines(place: Place, level: Level, index: Index): Promise<Geometry> {
    const key = `${place.country ?? ""}/${place.region ?? ""}`;
    if (this.#geometry?.key === key) return this.#geometry.geometry;
    const geometry = await outlinesOf(place, level, index);
    this.#geometry = { key, geometry };
    return geometry;
  }
}

async function outlinesOf({ country, region }: Place, level: Level, { countries }: Index): Promise<Geometry> {
  if (!country) return { kind: "world", shapes: await loadWorld(), countries };
  const known = countries[country];
  if (level === "region") return { kind: "country", shapes: await loadRegions(country) };
  if (region && known?.admin1) {
    const shapes = await loadRegions(country);
    // A region without an outline is shown within its country.
    if (!shapes.all.some((shape) => shape.id === region)) return { kind: "country", shapes };
    return { kind: "area", shapes, id: region };
  }
  if (known?.shape === false) return { kind: "point", country: known };
  return known ? { kind: "area", shapes: await loadWorld(), id: country } : { kind: "none" };
}

/** What the map can do without. Aborts and lost sessions still count. */
async function optional(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Failure && error.status !== 401) return null;
    throw error;
  }
}

type Answers = { readonly [Name in keyof Plan]: Answer | null };

function askedOf(plan: Plan, answers: Answers): Asked[] {
  return (["cells", "cities", "series", "hosts"] as const).flatMap((name) => {
    const [ask, answer] = [plan[name], answers[name]];
    return ask && answer ? [{ name, ask, answer }] : [];
  });
}
