// Wheel, drag, pinch and double click become zooms; a click that was none of them stays a click.

import type { Size } from "./scene";
import { panned, wheelFactor, zoomedAt, type Zoom } from "./zoom";

export interface Zooming {
  readonly size: () => Size;
  readonly zoom: () => Zoom;
  readonly set: (zoom: Zoom) => void;
  readonly onclick: (event: MouseEvent) => void;
}

/** Less than this is the tremor of a hand. */
const DRAG_PX = 4;
/** A second click within this makes it a double click, which zooms instead of opening what is there. */
const DOUBLE_MS = 220;

export function zooming(element: Element, { size, zoom, set, onclick }: Zooming): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  let start: { x: number; y: number } | null = null;
  let moved = false;
  let waiting = 0;

  const at = (event: MouseEvent) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    if (!a || !b) return null;
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) };
  };

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, at(event));
    if (pointers.size === 1) {
      start = at(event);
      moved = false;
    }
  };
  const move = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId);
    if (!before || !start) return;
    const pair = spread();
    const now = at(event);
    const isDrag = Math.hypot(now.x - start.x, now.y - start.y) > DRAG_PX;
    if (!moved && (isDrag || pair)) {
      moved = true;
      // Only now: whoever captures at once takes the click away from what is beneath.
      for (const id of pointers.keys()) element.setPointerCapture(id);
    }
    if (!moved) return;
    pointers.set(event.pointerId, now);
    if (!pair) {
      set(panned(zoom(), now.x - before.x, now.y - before.y, size()));
      return;
    }
    const next = spread() ?? pair;
    const shifted = panned(zoom(), next.x - pair.x, next.y - pair.y, size());
    set(zoomedAt(shifted, next.apart / pair.apart, next.x, next.y, size()));
  };
  const up = (event: PointerEvent) => {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) start = null;
  };
  const click = (event: MouseEvent) => {
    clearTimeout(waiting);
    if (moved) return;
    if (event.detail > 1) return;
    waiting = window.setTimeout(() => onclick(event), DOUBLE_MS);
  };
  const double = (event: MouseEvent) => {
    clearTimeout(waiting);
    const { x, y } = at(event);
    set(zoomedAt(zoom(), event.shiftKey ? 0.5 : 2, x, y, size()));
  };
  const wheel = (event: WheelEvent) => {
    const factor = wheelFactor(event);
    // Out of the whole there is nothing: the page may scroll.
    if (zoom().k === 1 && factor <= 1) return;
    event.preventDefault();
    const { x, y } = at(event);
    set(zoomedAt(zoom(), factor, x, y, size()));
  };

  const listeners = Object.entries({
    pointerdown: down,
    pointermove: move,
    pointerup: up,
    pointercancel: up,
    click,
    dblclick: double,
    wheel,
  }) as [string, EventListener][];
  for (const [type, listener] of listeners) element.addEventListener(type, listener, { passive: false });
  return () => {
    clearTimeout(waiting);
    for (const [type, listener] of listeners) element.removeEventListener(type, listener);
  };
}
