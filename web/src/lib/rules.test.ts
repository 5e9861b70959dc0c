import { expect, test } from "vitest";
import { ordered, stateOf } from "./rules";
import type { Rule } from "./rules-api";

const NOW = 10_000_000;
const rule = (id: string, change: Partial<Rule>): Rule => ({
  id,
  title: id,
  enabled: true,
  version: "",
  query: "q",
  labels: [],
  unit: "count",
  every_s: 30,
  window_s: 180,
  raise: { op: ">", at: 1 },
  recover: { op: "<", at: 1 },
  severity: "error",
  service: "",
  team: "",
  targets: [],
  runbook: "",
  text: "",
  last_tick: NOW - 30_000,
  open_incidents: 0,
  findings: [],
  observed_ppv: { k: 0, n: 0, value: null, lo: 0, hi: 1 },
  backtest: null,
  ...change,
});

test.each<[string, Partial<Rule>]>([
  ["quiet", {}],
  ["off", { enabled: false, open_incidents: 1 }],
  ["firing", { open_incidents: 2 }],
  ["new", { last_tick: null }],
  ["late", { last_tick: NOW - 10 * 60_000 }],
  ["broken", { findings: [{ rule: "a", level: "error", what: "" }] }],
  ["quiet", { findings: [{ rule: "a", level: "warning", what: "" }] }],
])("a rule is %s", (state, change) => {
  expect(stateOf(rule("a", change), NOW)).toBe(state);
});

test("what fires comes first, what is off last", () => {
  const rules = [
    rule("a", { enabled: false }),
    rule("c", {}),
    rule("b", {}),
    rule("d", { open_incidents: 1 }),
  ];
  expect(ordered(rules, NOW).map(({ id }) => id)).toEqual(["d", "b", "c", "a"]);
});
