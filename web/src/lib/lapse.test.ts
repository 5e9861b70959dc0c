import { expect, test } from "vitest";
import type { Answer, Scalar } from "./api";
import { totalsOf } from "./cells";
import { framesOf, lapseAsk } from "./lapse";
import { STEPS, stepWindow } from "./lapse-steps";
import { WORLD, parsePlace } from "./places";
import { DAY } from "./windows";

function answer(rows: Record<string, Scalar>[]): Answer {
  const names = ["step", "country", "n", "k"];
  const data = names.map((name) => rows.map((row) => row[name] ?? null));
  const columns = names.map((name) => ({ name, type: "text" }));
  return { query: "", sql: "", columns, data, n_rows: rows.length, truncated: false, elapsed_ms: 0 };
}

test("the question asks for the window in 24 parts, of the place alone", () => {
  const ask = lapseAsk("region", parsePlace("ES"), { from: 0, to: DAY }, "observed_ts");
  expect(ask.params).toEqual({ from_us: 0, to_us: DAY * 1000, step_us: (DAY / 24) * 1000, country: "ES" });
  expect(ask.sql).toContain("observed_ts >= to_timestamp_micros($from_us)");
  expect(ask.sql).toContain("country = $country");
  expect(lapseAsk("country", WORLD, { from: 0, to: DAY }, "ts").sql).not.toContain("$country");
});

test("each parameter that is sent is used, and the other way round", () => {
  for (const [level, place] of [
    ["country", ""],
    ["region", "ES"],
    ["city", "ES/ES-MD"],
    ["city", "SG"],
  ] as const) {
    const filters = { path: "/checkout", as_org: "AT&T" };
    const { sql, params } = lapseAsk(level, parsePlace(place), { from: 0, to: DAY }, "ts", filters);
    const used = new Set([...sql.matchAll(/\$(\w+)/g)].map((match) => match[1]));
    expect([...used].sort()).toEqual(Object.keys(params).sort());
  }
});

test("the parts make up the window", () => {
  const window = { from: 7, to: 7 + DAY + 11 };
  const parts = Array.from({ length: STEPS }, (_, step) => stepWindow(window, step));
  expect(parts[0]?.from).toBe(window.from);
  expect(parts.at(-1)?.to).toBe(window.to);
  for (const [idx, part] of parts.slice(1).entries()) expect(part.from).toBe(parts[idx]?.to);
});

test("no row is lost, each frame has rates of its own", () => {
  const frames = framesOf(
    answer([
      { step: 0, country: "ES", n: 1000, k: 50 },
      { step: 0, country: "DE", n: 1000, k: 0 },
      { step: 23, country: null, n: 10, k: 10 },
    ]),
    "country",
    (code) => code,
  );
  expect(frames.length).toBe(STEPS);
  expect(totalsOf(frames.flat())).toMatchObject({ n: 2010, k: 60 });
  expect(frames[0]?.map(({ name, excess }) => [name, excess])).toEqual([
    ["ES", 25],
    ["DE", -25],
  ]);
  expect(frames[0]?.[0]?.shrunk).toBeCloseTo((50 + 200 * 0.025) / 1200);
  expect(frames[23]?.[0]).toMatchObject({ place: null, rate: 1 });
});
