import { expect, test } from "vitest";
import { instancesOf, spanFor, spanToTry, spansFor, stretchesOf } from "./rule-series";
import type { PhaseSpan } from "./rules-api";

test("no span has more ticks than the server gives", () => {
  for (const everyS of [5, 30, 60, 300, 3600]) {
    for (const { ms } of spansFor(everyS)) expect(ms / 1000 / everyS).toBeLessThan(2000);
  }
  expect(spansFor(30).map(({ value }) => value)).toEqual(["1h", "3h", "6h", "12h"]);
});

test("a span that cannot be is the first that shows enough", () => {
  expect(spanFor("6h", 30).value).toBe("6h");
  expect(spanFor("30d", 30).value).toBe("1h");
  expect(spanFor(null, 300).value).toBe("12h");
  expect(spanFor("nonsense", 3600).value).toBe("7d");
});

const point = (t: number, value: number | null) => ({ t, value, n: 100 });

test("instances share the ticks, the worst comes first", () => {
  const answer = {
    rule: "r",
    raise: 0.05,
    recover: 0.03,
    sql: null,
    spans: [],
    series: { a: [point(1, 0.1), point(3, 0.2)], b: [point(1, 0.5), point(2, null), point(3, 0.1)] },
  };
  const { ticks, instances } = instancesOf(answer, ">");
  expect(ticks).toEqual([1, 2, 3]);
  expect(instances.map(({ name, values }) => [name, values])).toEqual([
    ["b", [0.5, null, 0.1]],
    ["a", [0.1, null, 0.2]],
  ]);
  expect(instances[1]?.worst?.t).toBe(3);
  // Where too little is wrong the smallest value is the worst.
  expect(instancesOf(answer, "<").instances[0]?.worst?.value).toBe(0.1);
});

const span = (name: string, phase: PhaseSpan["phase"], from: number, to: number): PhaseSpan => ({
  name,
  labels: {},
  phase,
  from,
  to,
});

test("stretches of several instances do not lie over one another", () => {
  const spans = [
    span("a", "pending", 0, 10),
    span("a", "firing", 10, 30),
    span("b", "firing", 5, 20),
    span("b", "recovering", 20, 40),
  ];
  expect(stretchesOf(spans, null)).toEqual([
    { phase: "pending", from: 0, to: 5 },
    { phase: "firing", from: 5, to: 30 },
    { phase: "recovering", from: 30, to: 40 },
  ]);
  expect(stretchesOf(spans, "a")).toHaveLength(2);
  expect(stretchesOf(undefined, null)).toEqual([]);
});

test("a draft is tried over a day, or as much of it as there may be ticks", () => {
  expect(spanToTry(60).value).toBe("1d");
  expect(spanToTry(30).value).toBe("12h");
  expect(spanToTry(300).value).toBe("1d");
  expect(spanToTry(3600).value).toBe("1d");
  expect(spanToTry(86_400).value).toBe("30d");
});
