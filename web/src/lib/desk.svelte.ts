// What every page shows of the server: how it is, and which incidents there are.

import { getStatus, type Failure, type Status } from "./api";
import { Feed } from "./feed.svelte";
import { act, getIncidents, type Act, type Incident } from "./incidents-api";
import { lampOf, openIncidents } from "./incidents";
import { t } from "./texts";
import { clockOf } from "./windows";

interface Desktop {
  readonly status: Status;
  readonly incidents: readonly Incident[];
}

export class Desk {
  /** False while the server does not answer: what is shown may then be old. */
  #answers = $state(true);
  readonly feed = new Feed((signal) => this.ask(signal));

  readonly status = $derived(this.feed.value?.status ?? null);
  /** The open ones and the latest that ended. */
  readonly incidents = $derived(this.feed.value?.incidents ?? []);
  readonly open = $derived(openIncidents(this.incidents));
  readonly now = $derived(this.status ? Date.parse(this.status.now) : 0);
  readonly lamp = $derived.by(() => {
    if (!this.status) return null;
    if (!this.#answers) return { shape: "ring", word: t.shared.noAnswer } as const;
    return lampOf(this.open, clockOf(this.now, this.status.data.to).live, this.status.lamp?.state);
  });

  get answers(): boolean {
    return this.#answers;
  }

  get failure(): Failure | null {
    return this.feed.failure;
  }

  /** Asks the server; the map can do without the incidents, and keeps the last ones then. */
  async ask(signal: AbortSignal, canDoWithout = false): Promise<Desktop> {
    const [status, incidents] = await Promise.all([
      getStatus(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#answers = false;
        throw error;
      }),
      getIncidents(signal).catch((error: unknown) => {
        if (canDoWithout) return this.incidents;
        throw error;
      }),
    ]);
    this.#answers = true;
    return { status, incidents: Array.isArray(incidents) ? incidents : [] };
  }

  put(desktop: Desktop): void {
    this.feed.value = desktop;
    this.feed.failure = null;
  }

  /** Does something to an incident, and shows what became of it at once. */
  async act(id: string, what: Act, body: { class?: string; note?: string } = {}): Promise<Incident> {
    const changed = await act(id, what, body);
    const desktop = this.feed.value;
    if (desktop) {
      const incidents = desktop.incidents.map((one) => (one.id === changed.id ? changed : one));
      this.put({ ...desktop, incidents });
    }
    return changed;
  }
}
