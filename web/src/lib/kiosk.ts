// A screen on a wall: what the address says about it, how large things are there, and where they stand.

export type KioskTheme = "dark" | "light";

export interface Kiosk {
  readonly on: boolean;
  readonly theme: KioskTheme | null;
}

export function parseKiosk(search: string): Kiosk {
  const params = new URLSearchParams(search);
  const theme = params.get("theme");
  return {
    on: params.get("kiosk") === "1",
    theme: theme === "dark" || theme === "light" ? theme : null,
  };
}

/** An address on a screen on a wall, whatever it said of that before; off it, without a word of it. */
export function withKiosk(address: string, { on, theme }: Kiosk): string {
  const [path = "", search = ""] = address.split("?", 2);
  const kept = search.split("&").filter((pair) => pair !== "" && !/^(kiosk|theme)=/.test(pair));
  if (on) kept.push("kiosk=1");
  if (on && theme) kept.push(`theme=${theme}`);
  return kept.length > 0 ? `${path}?${kept.join("&")}` : path;
}

/** The pages that are made for it. */
export const KIOSK_PAGES: readonly string[] = ["overview", "map"];

/** The page is laid out for this many pixels, and then made as large as the screen. */
const LAID_OUT = { width: 1280, height: 720 };

/** 12 px are 18 px on a screen of 1920 x 1080. */
export function enlarged(width: number, height: number): number {
  const fit = Math.min(width / LAID_OUT.width, height / LAID_OUT.height);
  return Math.min(6, Math.max(1, Math.round(fit * 100) / 100));
}

/** How far everything stands beside its place, in pixels, `step` minutes after the start. */
export function shiftAt(step: number): { readonly x: number; readonly y: number } {
  // A path around a square and back: each step is one pixel, so that nobody sees it move.
  const side = 2 * SHIFT_PX;
  const at = step % (4 * side);
  const [leg, along] = [Math.floor(at / side), at % side];
  const [far, near] = [SHIFT_PX, -SHIFT_PX];
  switch (leg) {
    case 0:
      return { x: near + along, y: near };
    case 1:
      return { x: far, y: near + along };
    case 2:
      return { x: far - along, y: far };
    default:
      return { x: near, y: far - along };
  }
}

export const SHIFT_PX = 6;
