import { expect, test } from "vitest";
import { ordered, shareWords, stateOf, unseen } from "./rules";
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
  shipped: false,
  own: true,
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
  ["broken", { findings: [{ rule: "a", level: "error", field: null, what: "" }] }],
  ["quiet", { findings: [{ rule: "a", level: "warning", field: null, what: "" }] }],
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

test("narrow bounds get a decimal, of nothing there is no share", () => {
  expect(shareWords({ k: 8, n: 13, value: 8 / 13, lo: 0.355, hi: 0.823 })).toEqual({
    value: "62\u202f%",
    bounds: "36–82\u202f%",
  });
  expect(shareWords({ k: 2856, n: 2880, value: 2856 / 2880, lo: 0.9876, hi: 0.9944 })).toEqual({
    value: "99.2\u202f%",
    bounds: "98.8–99.4\u202f%",
  });
  expect(shareWords({ k: 0, n: 0, value: null, lo: 0, hi: 1 })).toBeNull();
});

test("a time without lines says nothing", () => {
  const report = { from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z" };
  const [from, to] = [Date.parse(report.from), Date.parse(report.to)];
  expect(unseen(report, { from: from - 1, to })).toBe("nothing");
  expect(unseen(report, { from: from + 9, to })).toEqual({ from, to: from + 9 });
  expect(unseen(report, { from: to, to: to + 9 })).toBe("all");
  expect(unseen(report, { from: from - 9, to: from - 1 })).toBe("all");
  expect(unseen(report, { from: null, to: null })).toBe("all");
});
