// Two ways to speak with the server: a feed asks the same again and again, a task does what a person asked for once.

import { failureFrom, type Failure } from "./api";
import { session } from "./session.svelte";
import { REFRESH_MS } from "./windows";

/** The newest answer to a question. What it last knew stays while it asks anew or fails. */
export class Feed<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);

  #abort = new AbortController();
  readonly #ask: (signal: AbortSignal) => Promise<T>;

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask;
  }

  /** Asks now and every so often while the page is in sight; returns how to stop. */
  start(everyMs = REFRESH_MS): () => void {
    void this.load();
    const look = () => document.visibilityState === "visible" && !this.busy && void this.load();
    const timer = setInterval(look, everyMs);
    return () => {
      clearInterval(timer);
      this.#abort.abort();
    };
  }

  async load(): Promise<void> {
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    try {
      const value = await this.#ask(abort.signal);
      if (abort.signal.aborted) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (!abort.signal.aborted && !session.lostBy(error)) this.failure = failureFrom(error);
    } finally {
      if (this.#abort === abort) this.busy = false;
    }
  }
}

/** One act at a time: while it is busy its buttons are off, and when it fails it says why. */
export class Task {
  /** Which act is under way. */
  busy = $state<string | null>(null);
  failure = $state.raw<Failure | null>(null);

  /** Returns whether it was done. */
  async run(name: string, work: () => Promise<void>): Promise<boolean> {
    if (this.busy !== null) return false;
    this.busy = name;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (error) {
      if (!session.lostBy(error)) this.failure = failureFrom(error);
      return false;
    } finally {
      this.busy = null;
    }
  }
}
