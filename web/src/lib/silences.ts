// Which silences are at work, and what a new one would hold back.

import type { Incident, Silence } from "./incidents-api";
import { spanSeconds } from "./rule-span";

export interface Matcher {
  readonly name: string;
  readonly value: string;
}

export type SilenceState = "active" | "ended" | "over";

export function silenceState({ expires_us, ended_us }: Silence, now: number): SilenceState {
  if (ended_us !== null) return "ended";
  return expires_us / 1000 <= now ? "over" : "active";
}

/** Those at work first, the next to end first among them; then the latest. */
export function orderedSilences(silences: readonly Silence[], now: number): Silence[] {
  const isOver = (one: Silence) => Number(silenceState(one, now) !== "active");
  return [...silences].sort(
    (a, b) =>
      isOver(a) - isOver(b) || (isOver(a) ? b.created_us - a.created_us : a.expires_us - b.expires_us),
  );
}

/** Reads the lines `country=DE` of an address. */
export function parseMatchers(text: string): Matcher[] {
  return text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at > 0 ? [{ name: line.slice(0, at), value: line.slice(at + 1) }] : [];
  });
}

/** Open incidents that it would hold back: all matchers have to hold, as they do on the server. */
export function heldBack(incidents: readonly Incident[], matchers: readonly Matcher[]): Incident[] {
  if (matchers.length === 0) return [];
  const own = (one: Incident, name: string) =>
    name === "rule" || name === "team" || name === "service" || name === "severity"
      ? one[name]
      : (one.labels?.[name] ?? null);
  return incidents.filter(
    (one) => one.state !== "closed" && matchers.every(({ name, value }) => own(one, name) === value),
  );
}

/** The server takes no longer ones: what is silenced for good is better switched off. */
const SECONDS_MAX = 30 * 86_400;

/** How long a silence of that text lasts, as the server reads it; null for none or one that is too long. */
export function silenceMs(text: string): number | null {
  const seconds = spanSeconds(text.trim());
  return seconds === null || seconds > SECONDS_MAX ? null : seconds * 1000;
}
