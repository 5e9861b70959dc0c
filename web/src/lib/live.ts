// When what is shown has to be asked for anew, and how old it is. The stream itself is in live.svelte.ts.

import type { Status } from "./api";
import { localized } from "./format";
import { MINUTE, REFRESH_MS, SECOND } from "./windows";

/** Windows that end now move on also while no data comes in. */
const IDLE_MS = MINUTE;

/** When something was asked for, and how often the data had changed until then. */
export interface Mark {
  readonly at: number;
  readonly revision: number;
}

/** What the page knows of the server's data. */
export interface Heard {
  /** Whether the server tells changes by itself. */
  readonly streaming: boolean;
  readonly revision: number;
}

/** Whether it is time to ask again: at most so often, and where changes are told only after one. */
export function isDue({ at, revision }: Mark, heard: Heard, now: number, everyMs = REFRESH_MS): boolean {
  const age = now - at;
  return age >= everyMs && (!heard.streaming || heard.revision !== revision || age >= IDLE_MS);
}

/** Whether there are other lines than before; the clock and the load of the server move all the time. */
export function hasOtherData(before: Status, after: Status): boolean {
  const [a, b] = [before.data, after.data];
  return a.rows !== b.rows || a.from !== b.from || a.to !== b.to;
}

/** The one that the server wrote later: answers and events overtake each other. */
export function newer(before: Status | null, after: Status): Status {
  return before && Date.parse(before.now) > Date.parse(after.now) ? before : after;
}

/** Changes that wait while the page stands still. Lines come all the time, and count as often as they would be asked for. */
export class Waiting {
  n = 0;
  #at = Number.NEGATIVE_INFINITY;

  lines(now: number): void {
    if (now - this.#at < REFRESH_MS) return;
    this.#at = now;
    this.n += 1;
  }

  incidents(n: number): void {
    this.n += n;
  }
}

/** How long ago all that had arrived was there to be asked for: `0.4 s`, `12 s`, `3 min`. */
export function caughtUp(sinceHeardMs: number, delayMs: number): string {
  const ms = Math.max(0, sinceHeardMs) + delayMs;
  if (ms < 9_950) return `${localized((ms / SECOND).toFixed(1))} s`;
  return ms < 2 * MINUTE ? `${Math.round(ms / SECOND)} s` : `${Math.round(ms / MINUTE)} min`;
}
