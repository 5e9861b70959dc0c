// A look at a part of the picture. Screen x is k * x + tx; the picture always fills its frame.

import type { Size } from "./scene";

export interface Zoom {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

export const WHOLE: Zoom = { k: 1, x: 0, y: 0 };
/** Cities of one valley come apart. */
const ZOOM_MAX = 40;

/** Larger by the factor, with what is at the point staying there. */
export function zoomedAt(zoom: Zoom, factor: number, x: number, y: number, size: Size): Zoom {
  const k = Math.min(ZOOM_MAX, Math.max(1, zoom.k * factor));
  const grown = k / zoom.k;
  return bounded({ k, x: x - (x - zoom.x) * grown, y: y - (y - zoom.y) * grown }, size);
}

export function panned(zoom: Zoom, dx: number, dy: number, size: Size): Zoom {
  return bounded({ k: zoom.k, x: zoom.x + dx, y: zoom.y + dy }, size);
}

function bounded({ k, x, y }: Zoom, { width, height }: Size): Zoom {
  // Plus zero: a negative one would be another number.
  const clamp = (value: number, extent: number) => Math.min(0, Math.max(extent * (1 - k), value)) + 0;
  return { k, x: clamp(x, width), y: clamp(y, height) };
}

/** By how much a turn of the wheel zooms; lines and pages are what some wheels count in. */
export function wheelFactor({ deltaY, deltaMode }: { deltaY: number; deltaMode: number }): number {
  const px = deltaY * (deltaMode === 1 ? 16 : deltaMode === 2 ? 400 : 1);
  return 2 ** (-Math.max(-300, Math.min(300, px)) / 220);
}
