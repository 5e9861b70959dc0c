// Plays the window. It asks once; whoever moves on before the answer cancels the question.

import { failureFrom, request, type Answer, type Failure } from "./api";
import type { Shown } from "./atlas.svelte";
import { ordered, type Cell } from "./cells";
import { STEPS, stepWindow, type TimeOf } from "./lapse-steps";
import { keyOf } from "./filters";
import { formatPlace } from "./places";
import { session } from "./session.svelte";
import type { UrlState } from "./url-state";
import { HOUR, type Window } from "./windows";

const FRAME_MS = 700;

export class Lapse {
  open = $state(false);
  by = $state<TimeOf>("ts");
  step = $state(0);
  playing = $state(false);
  failure = $state.raw<Failure | null>(null);
  truncated = $state(false);
  #frames = $state.raw<readonly Cell[][] | null>(null);
  #window = $state.raw<Window>({ from: 0, to: 0 });
  /** What the film is of; another place or window ends it. */
  #of = $state("");
  #abort = new AbortController();
  #timer = 0;

  get ready(): boolean {
    return this.#frames !== null;
  }

  /** The part of the window that is shown. */
  get window(): Window {
    return stepWindow(this.#window, this.step);
  }

  start(shown: Shown, by: TimeOf = this.by): void {
    this.stop();
    this.open = true;
    this.by = by;
    this.step = 0;
    this.#window = shown.windows.window;
    this.#of = questionOf(shown.url);
    void this.#ask(shown);
  }

  async #ask(shown: Shown): Promise<void> {
    const { signal } = this.#abort;
    const { level, index, url } = shown;
    const nameOf = (code: string) => index.countries[code]?.name ?? index.regions[code] ?? code;
    try {
      const { framesOf, lapseAsk } = await import("./lapse");
      const body = lapseAsk(level, url.place, this.#window, this.by, url.filters);
      const answer = await request<Answer>("POST", "/api/v1/sql", { body, signal });
      if (signal.aborted) return;
      this.truncated = answer.truncated;
      this.#frames = framesOf(answer, level, nameOf);
      this.play();
    } catch (error) {
      if (!signal.aborted && !session.lostBy(error)) this.failure = failureFrom(error);
    }
  }

  play(): void {
    this.playing = true;
    if (this.step === STEPS - 1) this.step = 0;
    clearInterval(this.#timer);
    this.#timer = window.setInterval(() => {
      this.step = Math.min(STEPS - 1, this.step + 1);
      if (this.step === STEPS - 1) this.pause();
    }, FRAME_MS);
  }

  pause(): void {
    this.playing = false;
    clearInterval(this.#timer);
  }

  show(step: number): void {
    this.pause();
    this.step = Math.min(STEPS - 1, Math.max(0, step));
  }

  stop(): void {
    this.pause();
    this.#abort.abort();
    this.#abort = new AbortController();
    this.open = false;
    this.failure = null;
    this.#frames = null;
  }

  /** Ends the film when somebody went elsewhere; the clock going on is no reason. */
  follow(url: UrlState): void {
    if (this.open && questionOf(url) !== this.#of) this.stop();
  }

  /** What is on the screen, of this step alone. */
  frame(shown: Shown): Shown {
    const cells = this.#frames?.[this.step];
    if (!this.open || !cells) return shown;
    const { window } = this;
    const metric = shown.url.metric === "count" ? ("count" as const) : ("rate" as const);
    const reading = { metric, hours: (window.to - window.from) / HOUR, baseHours: null };
    return {
      ...shown,
      windows: { window, base: null, context: shown.windows.context },
      reading,
      cells: ordered(cells, reading),
      cities: [],
      truncated: this.truncated,
    };
  }
}

function questionOf(url: UrlState): string {
  return JSON.stringify([url.view, url.window, formatPlace(url.place), keyOf(url.filters)]);
}
