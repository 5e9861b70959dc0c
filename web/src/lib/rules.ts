// How a rule stands.

import { localized, percent } from "./format";
import type { Share } from "./incidents-api";
import type { Report, Rule } from "./rules-api";
import { t } from "./texts";
import type { Window } from "./windows";

export type RuleState = "firing" | "quiet" | "late" | "new" | "off" | "broken";

/** A tick may be late by its own length and this besides. */
const LATE_MS = 120_000;

export function stateOf(rule: Rule, now: number): RuleState {
  if (!rule.enabled) return "off";
  if (rule.findings.some(({ level }) => level === "error"))
    return rule.open_incidents > 0 ? "firing" : "broken";
  if (rule.open_incidents > 0) return "firing";
  if (rule.last_tick === null) return "new";
  return now - rule.last_tick > 2 * rule.every_s * 1000 + LATE_MS ? "late" : "quiet";
}

export function stateText(state: RuleState, nOpen: number): string {
  return state === "firing" ? t.alerts.states.firing(nOpen) : t.alerts.states[state];
}

/** What fires first, then what is wrong with the rules themselves; by name among equals. */
export function ordered(rules: readonly Rule[], now: number): Rule[] {
  const ORDER: readonly RuleState[] = ["firing", "broken", "late", "new", "quiet", "off"];
  const rank = (rule: Rule) => ORDER.indexOf(stateOf(rule, now));
  return [...rules].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

/** A share and the bounds of its 95 % interval; null of nothing. Narrow bounds get a decimal, else they would be one. */
export function shareWords({ n, value, lo, hi }: Share): { value: string; bounds: string } | null {
  if (value === null || n === 0) return null;
  const digits = hi - lo < 0.1 ? 1 : 0;
  const show = (share: number) => localized((share * 100).toFixed(digits));
  return { value: digits ? `${show(value)}\u202f%` : percent(value), bounds: `${show(lo)}–${show(hi)}\u202f%` };
}

/** `62 % (8 of 13; 36–82 %)`; unknown as long as nobody has said. */
export function trustText(share: Share): string {
  const words = shareWords(share);
  return words ? t.alerts.detail.share(share.k, share.n, words.value, words.bounds) : t.alerts.detail.unknown;
}

/** What the lines that there are leave open about a back-test: nothing, some of its time, or all of it. */
export function unseen(
  { from, to }: Pick<Report, "from" | "to">,
  data: { readonly from: number | null; readonly to: number | null },
): "nothing" | "all" | Window {
  const span = { from: Date.parse(from), to: Date.parse(to) };
  if (data.from === null || data.to === null || data.from >= span.to || data.to < span.from) return "all";
  return data.from > span.from ? { from: span.from, to: data.from } : "nothing";
}
