// The window as a film: the same cells for each of its parts, from one question.

import { numberOf, rowsOf, textOf, type Row } from "./answer";
import type { Answer } from "./api";
import { rateOf, totalsOf, unknownName, type Cell, type NameOf } from "./cells";
import { ALL, chosenOf, paramsOf, type Filters } from "./filters";
import { STEPS, type TimeOf } from "./lapse-steps";
import type { Level, Place } from "./places";
import { ENOUGH } from "./scales";
import { wilson } from "./wilson";
import type { Window } from "./windows";

export interface LapseAsk {
  readonly sql: string;
  readonly params: Readonly<Record<string, string | number | null>>;
}

/** Cities beyond the largest would make an answer of too many rows. */
const CITIES_MAX = 1000;

export function lapseAsk(
  level: Level,
  place: Place,
  window: Window,
  by: TimeOf,
  filters: Filters = ALL,
): LapseAsk {
  const keys = { country: ["country"], region: ["country", "region"], city: ["country", "region", "city"] }[
    level
  ];
  const columns = keys.join(", ");
  const points = level === "city" ? ", CAST(max(lat) AS DOUBLE) AS lat, CAST(max(lon) AS DOUBLE) AS lon" : "";
  const inWindow = `${by} >= to_timestamp_micros($from_us) AND ${by} < to_timestamp_micros($to_us)`;
  const scope = [
    ...(place.country ? ["country = $country"] : []),
    ...(level === "city" && place.region ? ["region = $region"] : []),
    ...chosenOf(filters).map(({ field }) => `${field} = $${field}`),
  ];
  const where = ["status IS NOT NULL", inWindow, ...scope].join("\n    AND ");
  const cells = `SELECT (CAST(${by} AS BIGINT) - $from_us) / $step_us AS step, ${columns}${points},
    count(*) AS n,
    count(*) FILTER (WHERE status >= 500) AS k
  FROM logs
  WHERE ${where}
  GROUP BY step, ${columns}`;
  const sql =
    level === "city"
      ? `WITH cells AS (\n  ${cells}\n), largest AS (\n  SELECT ${columns} FROM cells GROUP BY ${columns} ORDER BY sum(n) DESC, ${columns} LIMIT ${CITIES_MAX}\n)\n` +
        `SELECT cells.* FROM cells JOIN largest\n  ON ${keys.map((key) => `cells.${key} IS NOT DISTINCT FROM largest.${key}`).join("\n  AND ")}\nORDER BY step, n DESC`
      : `${cells}\nORDER BY step, n DESC`;
  const from_us = window.from * 1000;
  const to_us = window.to * 1000;
  return {
    sql,
    params: {
      from_us,
      to_us,
      step_us: Math.ceil((to_us - from_us) / STEPS),
      ...(place.country ? { country: place.country } : {}),
      ...(level === "city" && place.region ? { region: place.region } : {}),
      ...paramsOf(filters),
    },
  };
}

/** The cells of each step, most errors beyond their share first, as in the saved queries. */
export function framesOf(answer: Answer, level: Level, nameOf: NameOf): Cell[][] {
  const steps = Array.from({ length: STEPS }, (): Row[] => []);
  for (const row of rowsOf(answer)) steps[numberOf(row("step")) ?? -1]?.push(row);
  return steps.map((rows) => {
    const counted = rows.map((row) => counts(row, level, nameOf));
    const { n, k } = totalsOf(counted);
    const parent = rateOf(k, n) ?? 0;
    return counted
      .map((cell) => ({
        ...cell,
        shrunk: (cell.k + ENOUGH * parent) / (cell.n + ENOUGH),
        excess: cell.k - cell.n * parent,
      }))
      .sort((a, b) => b.excess - a.excess || b.n - a.n || (a.key < b.key ? -1 : 1));
  });
}

function counts(row: Row, level: Level, nameOf: NameOf): Cell {
  const [country, region, city] = ["country", "region", "city"].map((column) => textOf(row(column)));
  const own = { country, region, city }[level] ?? null;
  const [n, k] = [numberOf(row("n")) ?? 0, numberOf(row("k")) ?? 0];
  const { lo, hi } = wilson(k, n);
  return {
    key: [country, region, city].map((part) => part ?? "").join("/"),
    name: own === null ? unknownName(level) : level === "city" ? own : nameOf(own),
    place: own === null || !country ? null : { country, region: region ?? null, city: city ?? null },
    lat: numberOf(row("lat")),
    lon: numberOf(row("lon")),
    n,
    k,
    rate: rateOf(k, n),
    lo,
    hi,
    shrunk: null,
    excess: null,
    change: null,
  };
}
