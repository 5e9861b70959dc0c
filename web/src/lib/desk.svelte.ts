// What every page shows of the server: how it is, and which incidents there are. The server tells both as they change;
// where it cannot, it is asked.

import { getStatus, type Failure, type Status } from "./api";
import { Feed } from "./feed.svelte";
import { act, getIncidents, type Act, type Incident } from "./incidents-api";
import { lampOf, openIncidents } from "./incidents";
import { newer } from "./live";
import { live } from "./live.svelte";
import { t } from "./texts";
import { clockOf } from "./windows";

interface Desktop {
  readonly status: Status;
  readonly incidents: readonly Incident[];
}

export class Desk {
  /** False while the server does not answer: what is shown may then be old. */
  #answers = $state(true);
  /** The incidents have changed, and asking for them failed. */
  #isBehind = false;
  #abort = new AbortController();
  readonly feed = new Feed((signal) => this.#ask(signal));

  readonly status = $derived(this.feed.value?.status ?? null);
  /** The open ones and the latest that ended. */
  readonly incidents = $derived(this.feed.value?.incidents ?? []);
  readonly open = $derived(openIncidents(this.incidents));
  readonly now = $derived(this.status ? Date.parse(this.status.now) : 0);
  readonly lamp = $derived.by(() => {
    if (!this.status) return null;
    if (!this.#answers) return { shape: "ring", word: t.shared.noAnswer } as const;
    return lampOf(this.open, clockOf(this.now, this.status.data.told_to).live, this.status.lamp?.state);
  });

  get answers(): boolean {
    return this.#answers;
  }

  get failure(): Failure | null {
    return this.feed.failure;
  }

  /** Listens to the server; returns how to stop. */
  listen(): () => void {
    const stop = live.start({
      status: (status) => this.#take(status),
      incidents: () => void this.#retake(),
    });
    return () => {
      stop();
      this.#abort.abort();
    };
  }

  /** Asks where the server tells nothing by itself; returns how to stop. */
  start(): () => void {
    return this.feed.start({ isTold: () => this.#isTold() });
  }

  /** What was told last, or else what the server says now; the map can do without the incidents. */
  async latest(signal: AbortSignal): Promise<Desktop> {
    return this.#isTold() && this.feed.value ? this.feed.value : this.#ask(signal, true);
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

  async #ask(signal: AbortSignal, canDoWithout = false): Promise<Desktop> {
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
    live.hear(status);
    return { status: newer(this.status, status), incidents: Array.isArray(incidents) ? incidents : [] };
  }

  #isTold(): boolean {
    return live.streaming && this.feed.value !== null && this.#answers;
  }

  /** Before the first answer there are no incidents to go with it. */
  #take(status: Status): void {
    this.#answers = true;
    const desktop = this.feed.value;
    if (desktop) this.put({ ...desktop, status: newer(desktop.status, status) });
    if (this.#isBehind) void this.#retake();
  }

  async #retake(): Promise<void> {
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    const incidents = await getIncidents(signal).catch(() => null);
    const desktop = this.feed.value;
    if (signal.aborted) return;
    this.#isBehind = !Array.isArray(incidents);
    if (desktop && Array.isArray(incidents)) this.put({ ...desktop, incidents });
  }
}
