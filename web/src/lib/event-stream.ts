// Server-sent events while the page is in sight: a tab that nobody sees holds no place on the server.

import { MINUTE, SECOND } from "./windows";

/** A server that is about to answer again does so within this. */
const GRACE_MS = 5 * SECOND;
/** The server says something every ten seconds. */
const SILENCE_MS = 25 * SECOND;

interface Ends {
  /** Where to go on from is asked for at each opening. */
  readonly path: () => string;
  readonly on: Readonly<Record<string, (data: string, id: string) => void>>;
  readonly onopen?: () => void;
  /** Called when it has become true or false that the server tells what is new. */
  readonly onflow: (flows: boolean) => void;
  /** Whether an open one counts before it has said anything. */
  readonly quiet?: boolean;
}

export class EventStream {
  #source: EventSource | null = null;
  #flows = false;
  #refusals = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #ends: Ends;

  constructor(ends: Ends) {
    this.#ends = ends;
  }

  /** Opens it; returns how to stop. */
  start(): () => void {
    const look = () => (document.visibilityState === "visible" ? this.#open() : this.#close());
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      document.removeEventListener("visibilitychange", look);
      this.#close();
      this.#flow(false);
    };
  }

  #open(): void {
    this.#close();
    if (typeof EventSource === "undefined") return;
    const source = new EventSource(this.#ends.path());
    this.#source = source;
    this.#lostAfter(GRACE_MS);
    let isMissed = false;
    const heard = () => {
      isMissed = false;
      this.#refusals = 0;
      this.#flow(true);
      if (!this.#ends.quiet) this.#lostAfter(SILENCE_MS);
      else clearTimeout(this.#timer);
    };
    source.onopen = () => {
      this.#ends.onopen?.();
      if (this.#ends.quiet) heard();
    };
    for (const [name, take] of Object.entries(this.#ends.on)) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        heard();
        take(event.data, event.lastEventId);
      });
    }
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) this.#lost(retryMs(++this.#refusals));
      // The browser opens it again, as often as it takes; only the first failure begins the time that is left for it.
      else if (!isMissed) this.#lostAfter(GRACE_MS);
      isMissed = true;
    };
  }

  #lostAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(retryMs(++this.#refusals)), ms);
  }

  #lost(againMs: number): void {
    this.#close();
    this.#flow(false);
    this.#timer = setTimeout(() => this.#open(), againMs);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #flow(flows: boolean): void {
    if (flows === this.#flows) return;
    this.#flows = flows;
    this.#ends.onflow(flows);
  }
}

/** A stream that was refused is tried again, each time later. */
export function retryMs(refusals: number): number {
  return Math.min(2 * MINUTE, 5 * SECOND * 2 ** Math.max(0, refusals - 1));
}
