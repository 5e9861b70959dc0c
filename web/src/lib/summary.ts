// The view in one sentence: read above the map, and spoken in its place.

import { rateOf, totalsOf, valueOf, type Cell, type Reading } from "./cells";
import { count, deviations, percent, points, surplus } from "./format";

/** `0.62 % of 1.2M requests failed`. */
export function headline(cells: readonly Cell[], { baseHours }: Reading): string {
  const { n, k, baseN, baseK } = totalsOf(cells);
  if (n === 0) return "No requests in this window";
  const now = `${percent(rateOf(k, n))} of ${count(n)} requests failed`;
  return baseHours === null ? now : `${now}, ${percent(rateOf(baseK, baseN))} before`;
}

/** Which place stands out, if any does. */
export function finding(cells: readonly Cell[], reading: Reading): string {
  const known = cells.filter((cell) => cell.place);
  if (known.every((cell) => cell.n === 0)) return "";
  if (reading.baseHours !== null) return findingOfChange(known, reading);
  if (reading.metric === "count") {
    const most = largest(known, (cell) => cell.k);
    const { k } = totalsOf(cells);
    return most && most.k > 0
      ? `${most.name} has most errors: ${count(most.k)} of ${count(k)}.`
      : "No errors.";
  }
  const worst = largest(known, (cell) => cell.excess ?? 0);
  // The interval must clear the rate of all, or chance alone explains the excess.
  const overall = rateOf(totalsOf(cells).k, totalsOf(cells).n) ?? 0;
  if (!worst || (worst.excess ?? 0) < 1 || (worst.lo ?? 0) <= overall) return "No place stands out.";
  return `${worst.name} stands out: ${percent(worst.rate)} failed, ${surplus(worst.excess ?? 0)} errors beyond its share.`;
}

function findingOfChange(cells: readonly Cell[], reading: Reading): string {
  const certain = cells.filter((cell) => cell.change?.significant);
  if (reading.metric === "surprise") return findingOfSurprise(certain);
  const rate = { ...reading, metric: "rate" as const };
  const worse = largest(certain, (cell) => valueOf(cell, rate) ?? 0);
  if (!worse?.change || (worse.change.change ?? 0) <= 0) {
    return certain.length ? "Nothing got worse beyond chance." : "Nothing changed beyond chance.";
  }
  const { change, rate: before } = worse.change;
  return `${worse.name} got worse: ${percent(worse.rate)} now, ${percent(before)} before (${points(change)}).`;
}

function findingOfSurprise(certain: readonly Cell[]): string {
  const off = (cell: Cell) => Math.abs(cell.change?.z ?? 0);
  const most = largest(certain, off);
  if (!most?.change) return "No place is off its own baseline beyond chance.";
  const { rate, z } = most.change;
  return `${most.name} is furthest off its own baseline: ${percent(most.rate)} now, ${percent(rate)} before (${deviations(z)}).`;
}

function largest(cells: readonly Cell[], value: (cell: Cell) => number): Cell | undefined {
  return cells.reduce<Cell | undefined>(
    (best, cell) => (!best || value(cell) > value(best) ? cell : best),
    undefined,
  );
}
