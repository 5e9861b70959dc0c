// Which incidents want attention, what they are called, and where their links may lead.

import { integer } from "./format";
import type { Class, Incident, IncidentEvent, Labels, Severity } from "./incidents-api";
import { t } from "./texts";

const SEVERITIES: readonly Severity[] = ["critical", "error", "warning", "info"];

/** The most severe is 0. */
export function rankOf(severity: string): number {
  const rank = SEVERITIES.findIndex((name) => name === severity);
  return rank < 0 ? SEVERITIES.length : rank;
}

/** What nobody has taken comes first, then the most severe, then what has lasted longest. */
export function openIncidents(incidents: readonly Incident[]): Incident[] {
  const held = (one: Incident) => Number(one.acked_at !== null) + 2 * Number(isMuted(one));
  return incidents
    .filter(({ state }) => state !== "closed")
    .sort(
      (a, b) => held(a) - held(b) || rankOf(a.severity) - rankOf(b.severity) || a.opened_at - b.opened_at,
    );
}

/** Whether its messages are held back; what only waits for its neighbours is not. */
export function isMuted({ mute }: Incident): boolean {
  return mute !== null && mute !== "gathering";
}

/** The server's word in the person's language; one that is new here stays as it is. */
function worded(words: Readonly<Record<string, string>>, word: string): string {
  return (Object.hasOwn(words, word) ? words[word] : undefined) ?? word;
}

/** What holds its messages back, in words. */
export function muteOf({ mute }: Incident): string | null {
  return mute === null ? null : worded(t.incidents.mutes, mute);
}

/** One word for how it stands. */
export function standingOf({ state, acked_at }: Incident): string {
  return state === "firing" && acked_at !== null ? "acknowledged" : state;
}

/** The same for people. */
export function standingWord(incident: Incident): string {
  return worded(t.incidents.standings, standingOf(incident));
}

export const CLASSES = (["action", "no_action", "tune"] as const satisfies Class[]).map((value) => ({
  value,
  ...t.incidents.classes[value],
}));

export function classOf(name: string | null): string | null {
  return CLASSES.find(({ value }) => value === name)?.label ?? name;
}

/** Earlier incidents of the rule that somebody has classed, the latest first. */
export function pastOf(incidents: readonly Incident[], { id, rule }: Incident, max = 5): Incident[] {
  return incidents
    .filter((one) => one.rule === rule && one.id !== id && one.class !== null)
    .sort((a, b) => b.opened_at - a.opened_at)
    .slice(0, max);
}

/** `country DE`, `host null` as it is in the data; empty for what has no labels. */
export function labelList(labels: Labels | null): { name: string; value: string }[] {
  return Object.entries(labels ?? {}).map(([name, value]) => ({ name, value: value ?? t.incidents.unknown }));
}

/** What happened, in words. */
export function eventOf({ kind }: IncidentEvent): string {
  return worded({ ...t.incidents.mutes, ...t.incidents.events }, kind);
}

/** The query part of a link into the map; null for a link to anywhere else. */
export function mapSearch(url: string | null | undefined, origin: string): string | null {
  if (!url || !URL.canParse(url, origin)) return null;
  const { pathname, search, protocol } = new URL(url, origin);
  // The host is not compared: behind a proxy the server may know itself by another name.
  return /^https?:$/.test(protocol) && pathname === "/map" ? search : null;
}

/** A link that may be followed; null for what is none, or one with another scheme. */
export function webLink(url: string | null | undefined): string | null {
  if (!url || !URL.canParse(url)) return null;
  return /^https?:$/.test(new URL(url).protocol) ? url : null;
}

/** How things are, in a shape and a word: colour alone would not reach everybody. */
export interface Lamp {
  readonly shape: "diamond" | "half" | "circle" | "ring";
  readonly word: string;
}

/** `server` is the server's own word: blue says that nobody looks, or that messages do not get out. */
export function lampOf(open: readonly Incident[], live: boolean, server?: string): Lamp {
  if (server === "blue") return { shape: "ring", word: t.incidents.lamp.blind };
  const told = open.filter((one) => !isMuted(one));
  const firing = told.filter(({ acked_at }) => acked_at === null).length;
  if (firing > 0) return { shape: "diamond", word: t.incidents.lamp.firing(firing, integer(firing)) };
  if (!live) return { shape: "ring", word: t.incidents.lamp.stale };
  const { acknowledged, muted, ok } = t.incidents.lamp;
  if (told.length > 0) return { shape: "half", word: acknowledged(told.length, integer(told.length)) };
  if (open.length > 0) return { shape: "circle", word: muted(open.length, integer(open.length)) };
  return { shape: "circle", word: ok };
}
