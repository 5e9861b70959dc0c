// What the steps of the colours are called, beside the map and in a saved picture.

import { scaleOf, type Reading } from "./cells";
import { count, localized } from "./format";
import { t } from "./texts";

export function legendTitle({ metric, baseHours }: Reading): string {
  const compared = baseHours !== null;
  const { legend } = t.map;
  if (metric === "count") return compared ? legend.errorsChange : legend.errors;
  if (!compared) return legend.rate;
  return metric === "surprise" ? legend.surprise : legend.change;
}

export function tickLabel(threshold: number, reading: Reading): string {
  const amount = Math.abs(threshold);
  const isChange = scaleOf(reading).name === "change";
  const sign = !isChange ? "" : threshold < 0 ? "\u2212" : "+";
  if (reading.metric === "count") return sign + count(amount);
  if (reading.metric === "surprise" && isChange) return sign + localized(String(amount));
  // Rounded: 0.005 * 100 may be a hair off.
  const percent = Number((amount * 100).toPrecision(6));
  const text = localized(String(percent));
  return isChange ? sign + text : `${text}\u202f%`;
}
