// A rule that is being written: its text is the truth, the form and the preview read it.

import { Failure, failureFrom } from "./api";
import { keepDraft, keptDraft } from "./rule-draft-store";
import { fieldOf, FIELDS, limitsOf, listAt, problemOf, unitOf } from "./rule-form";
import { spanToTry, type SpanChoice } from "./rule-series";
import { spanSeconds } from "./rule-span";
import { readToml, TomlError, valueAt, type Document } from "./rule-toml";
import { backtest, lintRule, tryRule, type Lint, type Report, type Rule, type RuleSeries } from "./rules-api";
import { session } from "./session.svelte";
import type { Window } from "./windows";

/** Long enough not to ask between two keys. */
const REST_MS = 500;
/** What an absent or odd `every` is looked at as. */
const EVERY_S = 60;

export interface Remark {
  readonly level: "error" | "warning";
  readonly what: string;
  readonly line: number | null;
  /** The path of the field that it belongs beside. */
  readonly field: string | null;
}

export interface Preview {
  readonly window: Window;
  readonly text: string;
  readonly answer: RuleSeries | null;
  readonly report: Report;
}

export class RuleEdit {
  text = $state("");
  /** The text as it was read; empty for a new rule. */
  base = $state("");
  /** The version that the text goes on from; null for a new rule. */
  version: string | null;
  #newest: string | null;

  preview = $state.raw<Preview | null>(null);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);
  #lint = $state.raw<Lint | null>(null);

  readonly #read = $derived.by((): { document: Document | null; error: TomlError | null } => {
    try {
      return { document: readToml(this.text), error: null };
    } catch (error) {
      if (error instanceof TomlError) return { document: null, error };
      throw error;
    }
  });
  /** Null while the text is no TOML. */
  readonly document = $derived(this.#read.document);
  readonly error = $derived(this.#read.error);
  readonly isChanged = $derived(this.text !== this.base);
  readonly id = $derived.by(() => {
    const id = this.document && valueAt(this.document, "id");
    return typeof id === "string" ? id : "";
  });
  readonly title = $derived.by(() => {
    const title = this.document && valueAt(this.document, "title");
    return typeof title === "string" ? title : "";
  });
  readonly unit = $derived(this.document ? unitOf(this.document) : "count");
  readonly limits = $derived(this.document && limitsOf(this.document));
  readonly labels = $derived(this.document ? listAt(this.document, FIELDS.labels.path) : []);
  readonly everyS = $derived.by(() => {
    const every = this.document && valueAt(this.document, FIELDS.every.path);
    return (typeof every === "string" ? spanSeconds(every) : null) ?? EVERY_S;
  });
  readonly span = $derived.by((): SpanChoice => spanToTry(this.everyS));

  /** What the server says of the text, the worst first. */
  readonly remarks = $derived.by((): Remark[] => {
    const { document } = this;
    const lint = this.#lint;
    if (!document || !lint) return [];
    if (lint.problem)
      return [{ level: "error", ...lint.problem, field: fieldOf(lint.problem, document) }];
    return lint.findings.map(({ level, what, field = null }) => ({
      level,
      what,
      line: null,
      field: fieldOf({ what, field }, document),
    }));
  });
  /** Whether the server takes it, as far as it has said. */
  readonly isRule = $derived(this.document !== null && !this.#lint?.problem);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();

  /** `known` is the saved rule; `fresh` the text of a new one. */
  constructor(
    readonly known: Rule | null,
    fresh: string,
    readonly now: () => number,
  ) {
    this.base = known?.text ?? "";
    const kept = keptDraft(known?.id ?? null);
    this.text = kept?.text ?? known?.text ?? fresh;
    this.#newest = known?.version ?? null;
    this.version = kept ? kept.version : this.#newest;
  }

  set(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.#keep();
    this.look(REST_MS);
  }

  #keep(): void {
    keepDraft(this.known?.id ?? null, this.isChanged ? { text: this.text, version: this.version } : null);
  }

  /** Goes on from what the server has by now, with that text. */
  rebase(rule: Rule, text: string): void {
    this.base = rule.text;
    this.#newest = this.version = rule.version;
    this.text = text;
    this.#keep();
    this.look(0);
  }

  /** Back to what was read. */
  discard(): void {
    this.version = this.#newest;
    this.text = this.base;
    this.#keep();
    this.look(0);
  }

  forget(): void {
    keepDraft(this.known?.id ?? null, null);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  /** Has the text tried, once it has rested that long. */
  look(afterMs: number): void {
    this.stop();
    this.busy = true;
    this.#timer = setTimeout(() => void this.#look(), afterMs);
  }

  async #look(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const { text, id, document } = this;
    if (!document || !id) {
      this.busy = false;
      return;
    }
    try {
      const lint = await orNull(lintRule(id, text, abort.signal));
      if (lint) this.#lint = lint;
      if (lint?.problem) return;
      const to = this.now();
      const window = { from: to - this.span.ms, to };
      const { report } = await backtest(id, { ...window, rule: text }, abort.signal);
      if (!lint) this.#lint = { problem: null, findings: [] };
      const answer = await orNull(tryRule(id, window, text, abort.signal));
      this.preview = { window, text, answer, report };
      this.failure = null;
    } catch (error) {
      if (abort.signal.aborted || session.lostBy(error)) return;
      const failure = failureFrom(error);
      const isProblem = failure.code === "bad_request";
      if (isProblem) this.#lint = { problem: problemOf(failure.message), findings: [] };
      this.failure = isProblem ? null : failure;
    } finally {
      if (this.#abort === abort) this.busy = false;
    }
  }
}

/** What a server that does not do this yet answers with is no failure of the page. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Failure && (error.status === 404 || error.status === 405)) return null;
    throw error;
  }
}
