// Two ways to speak with the server: a feed asks the same again and again, a task does what a person asked for once.

import { failureFrom, type Failure } from "./api";
import { live } from "./live.svelte";
import { session } from "./session.svelte";
import { REFRESH_MS, SECOND } from "./windows";

interface FeedOptions {
  readonly everyMs?: number;
  /** Whether somebody else keeps it new. */
  readonly isTold?: () => boolean;
}

/** The newest answer to a question. What it last knew stays while it asks anew or fails. */
export class Feed<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);

  #abort = new AbortController();
  #mark = live.mark();
  readonly #ask: (signal: AbortSignal) => Promise<T>;

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask;
  }

  /** Asks now, and after changes at most so often, unless the answer is told anyway; returns how to stop. */
  start({ everyMs = REFRESH_MS, isTold = () => false }: FeedOptions = {}): () => void {
    if (!isTold()) void this.load();
    const look = () => !this.busy && !isTold() && live.isDue(this.#mark, everyMs) && void this.load();
    const timer = setInterval(look, SECOND);
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
    this.#mark = live.mark();
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
