// How a cell is filled, on the map as in the treemap.

import { toneOf, type Cell, type Reading } from "./cells";

export interface Paint {
  readonly class: string;
  /** A pattern of `Hatches`; undefined where the class fills. */
  readonly fill: string | undefined;
  readonly step: number | undefined;
}

export function paintOf(cell: Cell | undefined, reading: Reading): Paint {
  const tone = cell && toneOf(cell, reading);
  if (!tone) return { class: "", fill: "url(#no-traffic)", step: undefined };
  const scale = reading.baseHours === null ? "rate" : "change";
  const step = `${scale}-${tone.step}`;
  if (tone.few) return { class: "", fill: `url(#few-${step})`, step: tone.step };
  return { class: tone.muted ? `${step} muted` : step, fill: undefined, step: tone.step };
}
