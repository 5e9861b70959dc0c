// The shape of a text: what stays when the parts that change from line to line are taken out.

const CHARS_MAX = 1000;

/** In this order: what is quoted may hold anything, a UUID holds digits, an address holds digits. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/"(?:[^"\\]|\\.)*"|(?<!\w)'[^']*'(?!\w)/g, "‹text›"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "‹uuid›"],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, "‹address›"],
  // An IPv6 address leaves something out or has all its eight parts; a time of day does neither.
  [/(?<![\w:])(?=[\w:]*::|(?:[0-9a-f]+:){7})[0-9a-f:]{3,39}(?![\w:])/gi, "‹address›"],
  [/\b0x[0-9a-f]+\b/gi, "‹hex›"],
  // Words such as "deadbeef" or "decade" are rarer than identifiers, which have a digit.
  [/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b/gi, "‹hex›"],
  [/\d+(?:\.\d+)?/g, "‹n›"],
];

export const MARK = /‹(?:text|uuid|address|hex|n)›/;

export function shapeOf(text: string): string {
  let shape = text.slice(0, CHARS_MAX);
  for (const [part, mark] of PARTS) shape = shape.replace(part, mark);
  return shape;
}

export interface Sample {
  readonly text: string;
  readonly ms: number;
  readonly level: string | null;
}

export interface Shape {
  readonly shape: string;
  readonly n: number;
  /** The newest line of the shape. */
  readonly example: string;
  readonly first: number;
  readonly last: number;
}

/** Groups texts by shape, the most frequent first. */
export function shapesOf(samples: readonly Sample[]): Shape[] {
  const shapes = new Map<string, Shape>();
  for (const { text, ms } of samples) {
    const shape = shapeOf(text);
    const known = shapes.get(shape);
    shapes.set(shape, {
      shape,
      n: (known?.n ?? 0) + 1,
      example: known && known.last >= ms ? known.example : text,
      first: Math.min(known?.first ?? ms, ms),
      last: Math.max(known?.last ?? ms, ms),
    });
  }
  return [...shapes.values()].sort((a, b) => b.n - a.n || (a.shape < b.shape ? -1 : 1));
}

/** The longest part of a shape that every line of it has: a text to look for. */
export function constantOf(shape: string): string {
  const parts = shape.split(new RegExp(MARK, "g")).map((part) => part.trim());
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), "");
}
