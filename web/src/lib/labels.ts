// Names beside bubbles, as many as fit without touching.

export interface Anchor {
  readonly key: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly r: number;
}

export interface Label {
  readonly key: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly end: boolean;
}

const CHAR_PX = 6.6;
const HALF_LINE_PX = 8;
const GAP_PX = 4;

type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Anchors come the most important first; a name goes right of its bubble, else left, else nowhere. */
export function labelsOf(anchors: readonly Anchor[], width: number, max: number): Label[] {
  const taken: Box[] = [];
  const labels: Label[] = [];
  for (const { key, name, x, y, r } of anchors) {
    if (labels.length >= max) break;
    const length = name.length * CHAR_PX;
    const right: Box = [x + r + GAP_PX, y - HALF_LINE_PX, x + r + GAP_PX + length, y + HALF_LINE_PX];
    const left: Box = [x - r - GAP_PX - length, y - HALF_LINE_PX, x - r - GAP_PX, y + HALF_LINE_PX];
    const box = [right, left].find(
      (box) => box[0] >= 0 && box[2] <= width && !taken.some((other) => touch(box, other)),
    );
    if (!box) continue;
    taken.push(box);
    labels.push({ key, name, x: box === right ? box[0] : box[2], y, end: box === left });
  }
  return labels;
}

function touch(a: Box, b: Box): boolean {
  return a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];
}
