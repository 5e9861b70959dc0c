// What the page of lines shows: a window's lines page by page, or the newest ones as they come in.

import { numberOf, rowsOf, textOf } from "./answer";
import { failureFrom, failureOf, type Failure, type Status, type Table } from "./api";
import { EventStream } from "./event-stream";
import {
  countSql,
  facetsSql,
  newestSql,
  PAGE_ROWS,
  rowsSql,
  tailAddress,
  tailSql,
  type LineFilter,
} from "./line-query";
import { cameIn, joined, linesOf, nAdded, type Line } from "./lines";
import { live } from "./live.svelte";
import { session } from "./session.svelte";
import { windowOf } from "./spans";
import { askSql } from "./sql-api";
import { HOUR, clockOf, type Window } from "./windows";

const TAIL_EVERY_MS = 1000;

export class LineBook {
  lines = $state.raw<readonly Line[]>([]);
  /** What came in while somebody was reading further down. */
  held = $state.raw<readonly Line[]>([]);
  /** How many that were; the oldest are forgotten when they are too many. */
  nHeld = $state(0);
  facets = $state.raw<Table | null>(null);
  total = $state<number | null>(null);
  window = $state.raw<Window | null>(null);
  sql = $state("");
  hasMore = $state(false);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);
  /** Whether new lines are shown as they come in. */
  live = $state(false);
  /** Whether the list stands still meanwhile. */
  paused = $state(false);

  #filter: LineFilter | null = null;
  #abort = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Up to where lines have come in: a batch, and within a stream the moment after the point. */
  #after = "-1";
  #asking = false;
  #leaveStream = () => {};
  #streams = false;
  /** How far the server's clock is ahead of this one. */
  #aheadMs = 0;

  /** Shows what the filter asks for; what was asked before no longer counts. */
  async load(filter: LineFilter, status: Status): Promise<void> {
    const window = windowOf(filter, clockOf(Date.parse(status.now), status.data.to));
    this.#filter = filter;
    this.#aheadMs = Date.parse(status.now) - Date.now();
    this.#leaveStream();
    await this.#work(async (signal) => {
      this.sql = rowsSql(filter, window);
      if (this.live) this.#after = await newestBatch(Date.parse(status.now), signal);
      // A line that has come in since the window was chosen belongs to what is live.
      const shown = this.live ? { from: window.from, to: window.to + HOUR } : window;
      const [page, facets, counted] = await Promise.all([
        askSql(rowsSql(filter, shown), signal),
        askSql(facetsSql(filter, window), signal),
        askSql(countSql(filter, window), signal),
      ]);
      if (signal.aborted) return;
      this.lines = linesOf(page);
      this.held = [];
      this.nHeld = 0;
      this.facets = facets;
      this.total = numberOf(rowsOf(counted)[0]?.("n") ?? null);
      this.window = window;
      this.hasMore = page.n_rows === PAGE_ROWS;
      if (this.live) this.#listen(filter);
    });
  }

  async older(): Promise<void> {
    const [filter, window, last] = [this.#filter, this.window, this.lines.at(-1)];
    if (!filter || !window || !last) return;
    await this.#work(async (signal) => {
      const page = await askSql(rowsSql(filter, window, last), signal);
      if (signal.aborted) return;
      this.lines = [...this.lines, ...linesOf(page)];
      this.hasMore = page.n_rows === PAGE_ROWS;
    });
  }

  /** Follows what comes in, from the next load on. */
  follow(on: boolean): void {
    this.stop();
    this.live = on;
    this.paused = false;
    live.pageSays = on;
    if (on) this.#timer = setInterval(() => void this.#look(), TAIL_EVERY_MS);
  }

  pause(on: boolean): void {
    this.paused = on;
    this.settle();
  }

  /** Shows what was held, unless something still holds it. */
  settle(): void {
    if (this.#isHeld || this.held.length === 0) return;
    this.lines = joined(this.held, this.lines);
    this.held = [];
    this.nHeld = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#leaveStream();
    this.#abort.abort();
    live.pageSays = false;
  }

  get #isHeld(): boolean {
    return this.paused || live.paused;
  }

  /** Lines are told as they come in; where they are not, they are asked for. */
  #listen(filter: LineFilter): void {
    this.#leaveStream();
    const stop = new EventStream({
      path: () => tailAddress(filter, this.#after),
      on: {
        lines: (data, id) => {
          const told = JSON.parse(data) as Table & { readonly skipped: number };
          this.#after = id;
          this.#take(cameIn(told, told.skipped));
        },
        fault: (data) => (this.failure = failureOf(0, JSON.parse(data))),
      },
      onflow: (flows) => (this.#streams = flows),
      quiet: true,
    }).start();
    this.#leaveStream = () => {
      stop();
      this.#leaveStream = () => {};
    };
  }

  #take(came: readonly Line[]): void {
    this.failure = null;
    if (came.length === 0) return;
    if (this.#isHeld) {
      this.nHeld += nAdded(came, this.held);
      this.held = joined(came, this.held);
    } else {
      this.lines = joined(came, this.lines);
      this.hasMore = false;
    }
  }

  async #look(): Promise<void> {
    if (!this.#filter || this.#streams || this.busy || this.#asking || document.visibilityState !== "visible") return;
    this.#asking = true;
    const { signal } = this.#abort;
    try {
      const [batch = "-1"] = this.#after.split(".");
      const sql = tailSql(this.#filter, batch, Date.now() + this.#aheadMs);
      const came = linesOf(await askSql(sql, signal));
      // What was told meanwhile is further on.
      if (signal.aborted || !this.live || this.#streams) return;
      this.#after = came[0]?.batch ?? this.#after;
      this.#take(came);
    } catch (error) {
      if (!signal.aborted && !session.lostBy(error)) this.failure = failureFrom(error);
    } finally {
      this.#asking = false;
    }
  }

  async #work(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    try {
      await work(abort.signal);
      if (!abort.signal.aborted) this.failure = null;
    } catch (error) {
      if (!abort.signal.aborted && !session.lostBy(error)) this.failure = failureFrom(error);
    } finally {
      if (this.#abort === abort) this.busy = false;
    }
  }
}

async function newestBatch(now: number, signal: AbortSignal): Promise<string> {
  const [row] = rowsOf(await askSql(newestSql(now), signal));
  return textOf(row?.("batch_id") ?? null) ?? "-1";
}
