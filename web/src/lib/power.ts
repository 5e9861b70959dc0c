// Cells whose areas are exactly their weights' shares: a power diagram of a rectangle.
//
// Sites spread out by going to the middle of their cell (Lloyd). For sites that stand, the powers that give the wanted
// areas are found by Newton's method with damping, which converges from any diagram without an empty cell (Kitagawa,
// Mérigot, Thibert: Convergence of a Newton algorithm for semi-discrete optimal transport, 2019).

export type Point = readonly [x: number, y: number];

export interface Site {
  readonly x: number;
  readonly y: number;
  /** Above zero; the areas are in proportion. */
  readonly weight: number;
}

export interface Rect {
  readonly width: number;
  readonly height: number;
}

/** Rounds in which the sites spread. */
const ROUNDS = 12;
/** Areas while the sites still move, and at the end: the largest error relative to the cell's own area. */
const LOOSE = 0.3;
const TIGHT = 1e-4;
const STEPS_MAX = 80;
/** No step may leave less of a cell than this share of the least area so far. */
const DAMPING_MIN = 2 ** -30;

interface Border {
  readonly to: number;
  readonly length: number;
}

interface Diagram {
  /** Corners, flat: x, y, x, y. */
  readonly polygons: number[][];
  readonly areas: Float64Array;
  /** For each cell its neighbours and how long the border is. */
  readonly borders: readonly Border[][];
}

/** The polygons of the sites, in their order. */
export function powerCells(sites: readonly Site[], rect: Rect): Point[][] {
  const steps = powerSteps(sites, rect);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same in short steps, for who has other things to do in between. */
export function* powerSteps(sites: readonly Site[], rect: Rect): Generator<undefined, Point[][]> {
  const n = sites.length;
  if (n === 0) return [];
  const total = sites.reduce((sum, { weight }) => sum + weight, 0);
  const scale = (rect.width * rect.height) / total;
  const wanted = Float64Array.from(sites, ({ weight }) => weight * scale);
  const x = Float64Array.from(sites, (site) => site.x);
  const y = Float64Array.from(sites, (site) => site.y);
  let powers: Float64Array = new Float64Array(n);
  let found = diagramOf(x, y, powers, rect, null);
  for (let round = 0; round <= ROUNDS; round += 1) {
    const last = round === ROUNDS || n === 1;
    const solved = yield* solve(x, y, powers, found, wanted, rect, last ? TIGHT : LOOSE);
    powers = solved.powers;
    found = solved.diagram;
    if (last) break;
    for (let i = 0; i < n; i += 1) [x[i], y[i]] = centre(found.polygons[i] ?? []);
    yield;
    [powers, found] = nonEmpty(x, y, powers, rect, found);
  }
  return found.polygons.map(paired);
}

/** The largest part of the powers with which no cell is empty; without any, every cell holds its own site. */
function nonEmpty(
  x: Float64Array,
  y: Float64Array,
  powers: Float64Array,
  rect: Rect,
  before: Diagram,
): [Float64Array, Diagram] {
  let part = powers;
  for (let tries = 0; tries < 6; tries += 1) {
    const diagram = diagramOf(x, y, part, rect, before);
    if (least(diagram.areas) > 0) return [part, diagram];
    part = part.map((power) => power * 0.6);
  }
  part = new Float64Array(powers.length);
  return [part, diagramOf(x, y, part, rect, before)];
}

interface Solved {
  readonly powers: Float64Array;
  readonly diagram: Diagram;
}

function* solve(
  x: Float64Array,
  y: Float64Array,
  start: Float64Array,
  from: Diagram,
  wanted: Float64Array,
  rect: Rect,
  tolerance: number,
): Generator<undefined, Solved> {
  const n = wanted.length;
  let powers = start;
  let diagram = from;
  const floor = 0.5 * Math.min(least(diagram.areas), least(wanted));
  let off = missing(wanted, diagram.areas);
  for (let step = 0; step < STEPS_MAX && worst(off, wanted) > tolerance; step += 1) {
    const direction = newton(x, y, diagram, off);
    const size = norm(off);
    let damping = 1;
    for (; damping > DAMPING_MIN; damping /= 2) {
      const tried = new Float64Array(n);
      for (let i = 0; i < n; i += 1) tried[i] = (powers[i] ?? 0) + damping * (direction[i] ?? 0);
      yield;
      const next = diagramOf(x, y, tried, rect, diagram);
      const nextOff = missing(wanted, next.areas);
      if (least(next.areas) < floor || norm(nextOff) > (1 - damping / 2) * size) continue;
      [powers, diagram, off] = [tried, next, nextOff];
      break;
    }
    // Rounding is then all that is left.
    if (damping <= DAMPING_MIN) break;
  }
  return { powers, diagram };
}

/**
 * How the powers have to change for the areas to change by `off`: conjugate gradients on the graph of borders. Only
 * differences of powers count, so one of them stays: else rounding would carry all of them off.
 */
function newton(x: Float64Array, y: Float64Array, { borders }: Diagram, off: Float64Array): Float64Array {
  const n = off.length;
  const edges = borders.map((list, i) =>
    list.map(({ to, length }) => {
      const distance = Math.hypot((x[i] ?? 0) - (x[to] ?? 0), (y[i] ?? 0) - (y[to] ?? 0));
      return { to, w: length / (2 * Math.max(distance, 1e-9)) };
    }),
  );
  const diagonal = edges.map((list) => list.reduce((sum, { w }) => sum + w, 0) || 1);
  const times = (v: Float64Array) =>
    Float64Array.from(v, (own, i) =>
      (edges[i] ?? []).reduce((sum, { to, w }) => sum + w * (own - (v[to] ?? 0)), 0),
    );
  const still = diagonal.reduce((most, value, i) => (value > (diagonal[most] ?? 0) ? i : most), 0);
  const solution = new Float64Array(n);
  const rest = Float64Array.from(off);
  rest[still] = 0;
  let z = rest.map((value, i) => value / (diagonal[i] ?? 1));
  let direction = Float64Array.from(z);
  let rz = dot(rest, z);
  const enough = 1e-16 * Math.max(rz, Number.MIN_VALUE);
  for (let step = 0; step < 4 * n && rz > enough; step += 1) {
    const image = times(direction);
    image[still] = 0;
    const along = dot(direction, image);
    if (!(along > 0)) break;
    const alpha = rz / along;
    for (let i = 0; i < n; i += 1) {
      solution[i] = (solution[i] ?? 0) + alpha * (direction[i] ?? 0);
      rest[i] = (rest[i] ?? 0) - alpha * (image[i] ?? 0);
    }
    z = rest.map((value, i) => value / (diagonal[i] ?? 1));
    const next = dot(rest, z);
    const beta = next / rz;
    direction = direction.map((value, i) => (z[i] ?? 0) + beta * value);
    rz = next;
  }
  return solution;
}

/**
 * Each cell is the rectangle, cut by the line between its site and every other that comes near enough. `before` is a
 * diagram like it: its neighbours go first, so that little is left for the others to cut.
 */
function diagramOf(
  x: Float64Array,
  y: Float64Array,
  powers: Float64Array,
  rect: Rect,
  before: Diagram | null,
): Diagram {
  const n = x.length;
  const polygons: number[][] = [];
  const areas = new Float64Array(n);
  const borders: Border[][] = [];
  const lengths = new Float64Array(n);
  const distances = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const [px, py, power] = [x[i] ?? 0, y[i] ?? 0, powers[i] ?? 0];
    for (let j = 0; j < n; j += 1) {
      const [dx, dy] = [(x[j] ?? 0) - px, (y[j] ?? 0) - py];
      const length = Math.sqrt(dx * dx + dy * dy) || 1e-9;
      lengths[j] = length;
      distances[j] = (length * length + power - (powers[j] ?? 0)) / (2 * length);
    }
    let polygon = [0, 0, rect.width, 0, rect.width, rect.height, 0, rect.height];
    let owners = [-1, -1, -1, -1];
    let reach = farthest(polygon, px, py);
    const cutBy = (j: number) => {
      const distance = distances[j] ?? 0;
      if (j === i || distance > reach) return;
      const length = lengths[j] ?? 1;
      const [nx, ny] = [((x[j] ?? 0) - px) / length, ((y[j] ?? 0) - py) / length];
      const cut = clip(polygon, owners, nx, ny, nx * px + ny * py + distance, j);
      if (!cut) return;
      [polygon, owners] = cut;
      reach = farthest(polygon, px, py);
    };
    for (const { to } of before?.borders[i] ?? []) cutBy(to);
    for (let j = 0; j < n && polygon.length > 0; j += 1) if (!owners.includes(j)) cutBy(j);
    polygons.push(polygon);
    areas[i] = area(polygon);
    borders.push(bordersOf(polygon, owners));
  }
  return { polygons, areas, borders };
}

/** What lies on this side of a line; null when all does. `owners[k]` is who is beyond the side after corner k. */
function clip(
  polygon: readonly number[],
  owners: readonly number[],
  nx: number,
  ny: number,
  at: number,
  owner: number,
): [number[], number[]] | null {
  const n = owners.length;
  const side = (k: number) => nx * (polygon[2 * k] ?? 0) + ny * (polygon[2 * k + 1] ?? 0) - at;
  let cuts = false;
  for (let k = 0; k < n && !cuts; k += 1) cuts = side(k) > 0;
  if (!cuts) return null;
  const corners: number[] = [];
  const sides: number[] = [];
  for (let k = 0; k < n; k += 1) {
    const next = (k + 1) % n;
    const [here, there] = [side(k), side(next)];
    const [hx, hy] = [polygon[2 * k] ?? 0, polygon[2 * k + 1] ?? 0];
    if (here <= 0) {
      corners.push(hx, hy);
      sides.push(owners[k] ?? -1);
    }
    if (here <= 0 === there <= 0) continue;
    const t = here / (here - there);
    corners.push(hx + t * ((polygon[2 * next] ?? 0) - hx), hy + t * ((polygon[2 * next + 1] ?? 0) - hy));
    sides.push(here <= 0 ? owner : (owners[k] ?? -1));
  }
  return [corners, sides];
}

function bordersOf(polygon: readonly number[], owners: readonly number[]): Border[] {
  const borders: Border[] = [];
  const n = owners.length;
  for (let k = 0; k < n; k += 1) {
    const to = owners[k] ?? -1;
    if (to < 0) continue;
    const next = (k + 1) % n;
    const dx = (polygon[2 * next] ?? 0) - (polygon[2 * k] ?? 0);
    const dy = (polygon[2 * next + 1] ?? 0) - (polygon[2 * k + 1] ?? 0);
    borders.push({ to, length: Math.sqrt(dx * dx + dy * dy) });
  }
  return borders;
}

function farthest(polygon: readonly number[], px: number, py: number): number {
  let most = 0;
  for (let k = 0; k < polygon.length; k += 2) {
    const [dx, dy] = [(polygon[k] ?? 0) - px, (polygon[k + 1] ?? 0) - py];
    most = Math.max(most, dx * dx + dy * dy);
  }
  return Math.sqrt(most);
}

function area(polygon: readonly number[]): number {
  let twice = 0;
  const n = polygon.length;
  for (let k = 0; k < n; k += 2) {
    const next = (k + 2) % n;
    twice += (polygon[k] ?? 0) * (polygon[next + 1] ?? 0) - (polygon[next] ?? 0) * (polygon[k + 1] ?? 0);
  }
  return Math.abs(twice) / 2;
}

function centre(polygon: readonly number[]): [number, number] {
  let [twice, sx, sy] = [0, 0, 0];
  const n = polygon.length;
  const [ox, oy] = [polygon[0] ?? 0, polygon[1] ?? 0];
  for (let k = 0; k < n; k += 2) {
    const next = (k + 2) % n;
    const [ax, ay] = [(polygon[k] ?? 0) - ox, (polygon[k + 1] ?? 0) - oy];
    const [bx, by] = [(polygon[next] ?? 0) - ox, (polygon[next + 1] ?? 0) - oy];
    const cross = ax * by - bx * ay;
    twice += cross;
    sx += (ax + bx) * cross;
    sy += (ay + by) * cross;
  }
  return Math.abs(twice) < 1e-12 ? [ox, oy] : [ox + sx / (3 * twice), oy + sy / (3 * twice)];
}

function paired(polygon: readonly number[]): Point[] {
  return Array.from({ length: polygon.length / 2 }, (_, k) => [polygon[2 * k] ?? 0, polygon[2 * k + 1] ?? 0]);
}

function missing(wanted: Float64Array, areas: Float64Array): Float64Array {
  return wanted.map((value, i) => value - (areas[i] ?? 0));
}

function worst(off: Float64Array, wanted: Float64Array): number {
  return off.reduce((most, value, i) => Math.max(most, Math.abs(value) / (wanted[i] ?? 1)), 0);
}

function least(values: Float64Array): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function norm(v: Float64Array): number {
  return Math.sqrt(dot(v, v));
}
