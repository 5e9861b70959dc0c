// The picture on the screen as a file that stands alone: styles written into it, title and legend around it.

import { t } from "./texts";

export interface Ramp {
  readonly title: string;
  readonly colours: readonly string[];
  readonly labels: readonly string[];
}

export interface Frame {
  readonly title: string;
  readonly lines: readonly string[];
  readonly ramp: Ramp;
  readonly width: number;
  readonly height: number;
  readonly ink: string;
  readonly soft: string;
  readonly ground: string;
}

const MARGIN = 16;
const STYLED = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-linejoin",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "paint-order",
  "text-anchor",
  "dominant-baseline",
];

/** What is drawn in the element, layer upon layer, as SVG. */
export function layersOf(host: Element): string {
  const layers = [...host.querySelectorAll(":scope > svg, :scope > canvas")];
  return layers
    .map((layer) => {
      if (layer instanceof HTMLCanvasElement) {
        const { clientWidth, clientHeight } = layer;
        return `<image width="${clientWidth}" height="${clientHeight}" href="${layer.toDataURL("image/png")}"/>`;
      }
      const copy = layer.cloneNode(true) as Element;
      inline(layer, copy);
      return new XMLSerializer().serializeToString(copy);
    })
    .join("");
}

function inline(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  for (const name of STYLED) {
    const value = style.getPropertyValue(name);
    if (value) to.setAttribute(name, value);
  }
  for (const name of ["class", "style", "role", "aria-label"]) to.removeAttribute(name);
  for (const { name } of [...to.attributes]) if (name.startsWith("data-")) to.removeAttribute(name);
  for (const [idx, child] of [...from.children].entries()) {
    const twin = to.children[idx];
    if (twin) inline(child, twin);
  }
}

/** Puts title, lines and legend around the picture. */
export function framed(picture: string, frame: Frame): string {
  const { title, lines, ramp, width, height, ink, soft, ground } = frame;
  const top = MARGIN + 24 + lines.length * 18 + 8;
  const total = top + height + 64;
  const text = (x: number, y: number, size: number, fill: string, what: string, more = "") =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${escape(fill)}" ${more}>${escape(what)}</text>`;
  const step = 42;
  const y = top + height + 26;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="Inter, system-ui, sans-serif">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${total}" fill="${escape(ground)}"/>`,
    text(MARGIN, MARGIN + 14, 18, ink, title, 'font-weight="600"'),
    ...lines.map((line, idx) => text(MARGIN, MARGIN + 36 + idx * 18, 13, soft, line)),
    `<svg x="0" y="${top}" width="${width}" height="${height}">${picture}</svg>`,
    text(MARGIN, y - 4, 12, soft, ramp.title),
    ...ramp.colours.map(
      (fill, idx) =>
        `<rect x="${MARGIN + idx * step}" y="${y + 2}" width="${step}" height="11" fill="${escape(fill)}"/>`,
    ),
    ...ramp.labels.map((label, idx) =>
      text(MARGIN + (idx + 1) * step, y + 26, 11, soft, label, 'text-anchor="middle"'),
    ),
    "</svg>",
  ].join("\n");
}

/** As text in XML; what XML cannot hold at all is left out. */
export function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Drawn by the browser at twice the size, for sharp letters. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: image.naturalWidth * 2, height: image.naturalHeight * 2 });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t.map.saving.tooLarge)))),
  );
}

export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Some browsers read it only after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
