// What the server tells by itself, and whether the page shows it: one stream for all that is on the screen.

import type { Status } from "./api";
import { hasOtherData, isDue, Waiting, type Mark } from "./live";
import { REFRESH_MS } from "./windows";

interface Listener {
  status(status: Status): void;
  /** Some of them are not as they were. */
  incidents(): void;
}

class Live {
  /** Whether the server tells changes by itself; otherwise it is asked now and then. */
  streaming = $state(false);
  /** Nothing is refreshed meanwhile. */
  paused = $state(false);
  /** Whether the page itself says that it is paused. */
  pageSays = $state(false);
  /** Changes that wait until it goes on. */
  waiting = $state(0);
  /** When the server was heard last, by the clock of `performance.now()`, and how it was. */
  heard = $state.raw<{ readonly at: number; readonly delayMs: number | null } | null>(null);

  /** How often the data has changed. */
  #revision = 0;
  #last: Status | null = null;
  /** The first event of a stream lists what is open, changed or not. */
  #isFirst = true;
  #held = new Waiting();
  #holds: { status: Status | null; incidents: boolean } = { status: null, incidents: false };
  #listener: Listener | null = null;
  #stop = () => {};

  /** Follows the server for who listens; returns how to stop. */
  start(listener: Listener): () => void {
    this.#listener = listener;
    void this.#open(listener);
    return () => {
      this.#stop();
      this.#listener = null;
      this.pause(false);
    };
  }

  /** The page is drawn first, from what it asked for. Without a stream it goes on asking. */
  async #open(listener: Listener): Promise<void> {
    const loaded = await import("./event-stream").catch(() => null);
    if (!loaded || this.#listener !== listener) return;
    this.#stop = new loaded.EventStream({
      path: () => "/api/v1/live",
      on: {
        status: (data) => this.#status(JSON.parse(data) as Status),
        incidents: (data) => this.#incidents((JSON.parse(data) as { changed: unknown[] }).changed.length),
      },
      onopen: () => (this.#isFirst = true),
      onflow: (flows) => (this.streaming = flows),
    }).start();
  }

  /** The server answered. */
  hear(status: Status): void {
    this.heard = { at: performance.now(), delayMs: status.caught_up_ms };
    if (this.#last && hasOtherData(this.#last, status)) {
      this.#revision += 1;
      if (this.paused) this.#held.lines(performance.now());
      this.waiting = this.#held.n;
    }
    this.#last = status;
  }

  pause(on: boolean): void {
    if (on === this.paused) return;
    this.paused = on;
    const { status, incidents } = this.#holds;
    this.#holds = { status: null, incidents: false };
    this.#held = new Waiting();
    this.waiting = 0;
    if (on) return;
    if (status) this.#listener?.status(status);
    if (incidents) this.#listener?.incidents();
  }

  mark(): Mark {
    return { at: performance.now(), revision: this.#revision };
  }

  /** Whether what was asked for then is to be asked for again. */
  isDue(mark: Mark, everyMs = REFRESH_MS): boolean {
    if (this.paused || document.visibilityState !== "visible") return false;
    return isDue(mark, { streaming: this.streaming, revision: this.#revision }, performance.now(), everyMs);
  }

  #status(status: Status): void {
    this.hear(status);
    if (this.paused) this.#holds.status = status;
    else this.#listener?.status(status);
  }

  #incidents(n: number): void {
    this.#revision += 1;
    if (this.paused) {
      this.#holds.incidents = true;
      if (!this.#isFirst) this.#held.incidents(n);
      this.waiting = this.#held.n;
    } else this.#listener?.incidents();
    this.#isFirst = false;
  }
}

export const live = new Live();
