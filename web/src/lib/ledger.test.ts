import { expect, test } from "vitest";
import type { Scalar } from "./api";
import { accountsOf, arrivalsOf, missing } from "./ledger";

function table(names: string[], ...rows: Scalar[][]) {
  return {
    columns: names.map((name) => ({ name, type: "text" })),
    data: names.map((_, idx) => rows.map((row) => row[idx] ?? null)),
    n_rows: rows.length,
    truncated: false,
    elapsed_ms: 1,
  };
}

test("each source's lines add up, reasons are kept, the largest comes first", () => {
  const ledger = table(
    ["source", "kind", "reason", "n"],
    ["small", "received", "", 1],
    ["big", "received", "", "100"],
    ["big", "stored", "", 90],
    ["big", "unparsed", "", 7],
    ["big", "rejected", "too long", 4],
    ["big", "rejected", "queue full", 3],
    ["big", "blank", "", 2],
    ["big", "deduplicated", "", 1],
    ["big", "something new", "", 9],
  );
  const [big, small] = accountsOf(ledger);
  expect(big).toMatchObject({ source: "big", rejected: 7, unparsed: 7, reasons: ["too long", "queue full"] });
  expect(big && missing(big)).toBe(0);
  expect(small && missing(small)).toBe(1);
});

test("what is in flight is accounted for", () => {
  const account = {
    received: 10,
    stored: 6,
    rejected: 1,
    deduplicated: 0,
    blank: 1,
    inFlight: 2,
    unparsed: 6,
  };
  expect(missing(account)).toBe(0);
  expect(missing({ ...account, inFlight: 0 })).toBe(2);
});

test("lag in milliseconds; none where nothing came", () => {
  const arrivals = arrivalsOf(
    table(["source", "n", "newest", "lag_s"], ["a", 5, 1000, 0.25], [null, 1, null, null]),
  );
  expect(arrivals.get("a")).toEqual({ lagMs: 250, newest: 1000 });
  expect(arrivals.get("")).toEqual({ lagMs: null, newest: null });
});
