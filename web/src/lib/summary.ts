// The view in one sentence: read above the map, and spoken in its place.

import { rateOf, totalsOf, valueOf, type Cell, type Reading } from "./cells";
import { count, deviations, percent, points, surplus } from "./format";
import { t } from "./texts";

/** `0.62 % of 1.2M requests failed`. */
export function headline(cells: readonly Cell[], { baseHours }: Reading): string {
  const { n, k, baseN, baseK } = totalsOf(cells);
  if (n === 0) return t.map.noRequests;
  const now = t.map.failed(percent(rateOf(k, n)), count(n));
  return baseHours === null ? now : t.map.failedBefore(now, percent(rateOf(baseK, baseN)));
}

/** Which place stands out, if any does. */
export function finding(cells: readonly Cell[], reading: Reading): string {
  const known = cells.filter((cell) => cell.place);
  if (known.every((cell) => cell.n === 0)) return "";
  if (reading.baseHours !== null) return findingOfChange(known, reading);
  if (reading.metric === "count") {
    const most = largest(known, (cell) => cell.k);
    const { k } = totalsOf(cells);
    return most && most.k > 0 ? t.map.most(most.name, count(most.k), count(k)) : t.map.noErrors;
  }
  const worst = largest(known, (cell) => cell.excess ?? 0);
  // The interval must clear the rate of all, or chance alone explains the excess.
  const overall = rateOf(totalsOf(cells).k, totalsOf(cells).n) ?? 0;
  if (!worst || (worst.excess ?? 0) < 1 || (worst.lo ?? 0) <= overall) return t.map.nobodyStandsOut;
  return t.map.standsOut(worst.name, percent(worst.rate), surplus(worst.excess ?? 0));
}

function findingOfChange(cells: readonly Cell[], reading: Reading): string {
  const certain = cells.filter((cell) => cell.change?.significant);
  if (reading.metric === "surprise") return findingOfSurprise(certain);
  const rate = { ...reading, metric: "rate" as const };
  const worse = largest(certain, (cell) => valueOf(cell, rate) ?? 0);
  if (!worse?.change || (worse.change.change ?? 0) <= 0) {
    return certain.length ? t.map.nothingWorse : t.map.nothingChanged;
  }
  const { change, rate: before } = worse.change;
  return t.map.worse(worse.name, percent(worse.rate), percent(before), points(change));
}

function findingOfSurprise(certain: readonly Cell[]): string {
  const off = (cell: Cell) => Math.abs(cell.change?.z ?? 0);
  const most = largest(certain, off);
  if (!most?.change) return t.map.nobodyOff;
  const { rate, z } = most.change;
  return t.map.furthest(most.name, percent(most.rate), percent(rate), deviations(z));
}

function largest(cells: readonly Cell[], value: (cell: Cell) => number): Cell | undefined {
  return cells.reduce<Cell | undefined>(
    (best, cell) => (!best || value(cell) > value(best) ? cell : best),
    undefined,
  );
}
