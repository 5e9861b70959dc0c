// How a rule stands.

import type { Rule } from "./rules-api";

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
  const words = {
    firing: `${nOpen} open`,
    quiet: "quiet",
    late: "late",
    new: "has not looked yet",
    off: "off",
    broken: "will not work",
  };
  return words[state];
}

/** What fires first, then what is wrong with the rules themselves; by name among equals. */
export function ordered(rules: readonly Rule[], now: number): Rule[] {
  const ORDER: readonly RuleState[] = ["firing", "broken", "late", "new", "quiet", "off"];
  const rank = (rule: Rule) => ORDER.indexOf(stateOf(rule, now));
  return [...rules].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}
