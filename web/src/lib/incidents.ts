// Which incidents want attention, and where their links may lead.

import type { Incident } from "./api";

/** Firing ones first, the longest open first among them. */
export function openIncidents(incidents: readonly Incident[]): Incident[] {
  const rank = (incident: Incident) => (incident.state === "firing" ? 0 : 1);
  return incidents
    .filter(({ state }) => state === "firing" || state === "pending")
    .sort((a, b) => rank(a) - rank(b) || a.opened_at - b.opened_at);
}

/** The query part of a link into this view; null for a link to anywhere else. */
export function mapSearch(url: string | null | undefined, origin: string): string | null {
  if (!url || !URL.canParse(url, origin)) return null;
  const { pathname, search, protocol } = new URL(url, origin);
  // The host is not compared: behind a proxy the server may know itself by another name.
  return /^https?:$/.test(protocol) && pathname === "/map" ? search : null;
}

/** How things are, in a shape and a word: colour alone would not reach everybody. */
export interface Lamp {
  readonly shape: "diamond" | "circle" | "ring";
  readonly word: string;
}

export function lampOf(open: readonly Incident[], live: boolean): Lamp {
  const firing = open.filter(({ state }) => state === "firing").length;
  const pending = open.length - firing;
  if (firing > 0) return { shape: "diamond", word: `${firing} firing` };
  if (!live) return { shape: "ring", word: "No fresh data" };
  if (pending > 0) return { shape: "circle", word: `${pending} pending` };
  return { shape: "circle", word: "OK" };
}
