// Bubbles on a canvas: thousands of them move with the map, which as elements they could not.

import { toneOf, type Cell, type Reading } from "./cells";
import { CHANGE } from "./scales";
import type { Zoom } from "./zoom";

export interface Bubble {
  readonly cell: Cell;
  /** In the picture that is not zoomed. */
  readonly x: number;
  readonly y: number;
  readonly r: number;
  /** A class of the style sheet's steps and how it is toned down, `none`, `outline`, or empty for a mere bubble. */
  readonly paint: string;
}

/** Within chance. */
const NEUTRAL = CHANGE.thresholds.length / 2;

/**
 * A bubble that is an area of its own is painted like one. Over areas it counts errors; where two windows are
 * compared it has the colour of its own difference when that is clear, so that it cannot speak for its country.
 */
export function bubblePaint(cell: Cell, reading: Reading, isOver: boolean): string {
  const compares = reading.baseHours !== null;
  if (isOver && !compares) return "";
  const tone = toneOf(cell, reading);
  if (!tone) return isOver ? "outline" : "none";
  if (isOver && (tone.few || tone.muted || tone.step === NEUTRAL)) return "outline";
  const step = `${compares ? "change" : "rate"}-${tone.step}`;
  return tone.few ? `${step} few` : tone.muted ? `${step} muted` : step;
}

/** What is smaller than this is no bubble yet; it becomes one as the map grows. */
const VISIBLE_PX = 0.8;

/** Bubbles grow with the map, but slower, so that they come apart. */
export function radiusAt({ r }: Bubble, { k }: Zoom): number {
  return r * k ** 0.35;
}

export interface Ink {
  readonly fill: string | CanvasPattern;
  readonly fillAlpha: number;
  readonly stroke: string;
  readonly strokeAlpha: number;
  /** Around the stroke, where nothing is filled that it would stand out from. */
  readonly halo?: string;
}

/** The largest come first; they are drawn first, so that the small ones lie on top. */
export function drawBubbles(
  context: CanvasRenderingContext2D,
  bubbles: readonly Bubble[],
  zoom: Zoom,
  width: number,
  height: number,
  inkOf: (paint: string) => Ink,
): void {
  context.lineWidth = 0.8;
  let paint: string | null = null;
  for (const bubble of bubbles) {
    const r = radiusAt(bubble, zoom);
    const [x, y] = [zoom.k * bubble.x + zoom.x, zoom.k * bubble.y + zoom.y];
    if (r < VISIBLE_PX || x < -r || y < -r || x > width + r || y > height + r) continue;
    const ink = inkOf(bubble.paint);
    if (paint !== bubble.paint) {
      paint = bubble.paint;
      context.fillStyle = ink.fill;
      context.strokeStyle = ink.stroke;
    }
    context.beginPath();
    context.arc(x, y, r, 0, 2 * Math.PI);
    context.globalAlpha = ink.fillAlpha;
    context.fill();
    context.globalAlpha = ink.strokeAlpha;
    if (ink.halo) {
      context.strokeStyle = ink.halo;
      context.lineWidth = 2.4;
      context.stroke();
      context.strokeStyle = ink.stroke;
      context.lineWidth = 0.8;
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** The one on top at a point of the screen. */
export function bubbleAt(bubbles: readonly Bubble[], zoom: Zoom, x: number, y: number): Bubble | undefined {
  return bubbles.findLast((bubble) => {
    const r = radiusAt(bubble, zoom);
    const [dx, dy] = [zoom.k * bubble.x + zoom.x - x, zoom.k * bubble.y + zoom.y - y];
    return r >= VISIBLE_PX && dx * dx + dy * dy <= Math.max(r, 3) ** 2;
  });
}
