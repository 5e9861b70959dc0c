// Which incidents the list shows. The address holds the choice.

import { openIncidents } from "./incidents";
import type { Incident } from "./incidents-api";
import { pathOf } from "./routes";

export interface Filter {
  readonly state: "all" | "open" | "closed";
  /** Empty strings mean all. */
  readonly team: string;
  readonly rule: string;
}

export function parseFilter(search: string): Filter {
  const params = new URLSearchParams(search);
  const state = (["open", "closed"] as const).find((name) => name === params.get("state")) ?? "all";
  return { state, team: params.get("team") ?? "", rule: params.get("rule") ?? "" };
}

export function formatFilter({ state, team, rule }: Filter): string {
  return pathOf("incidents", null, { state: state === "all" ? null : state, team, rule });
}

export interface Listed {
  readonly open: readonly Incident[];
  readonly closed: readonly Incident[];
}

/** The open ones as they want attention, the others as they ended. */
export function listed(incidents: readonly Incident[], { state, team, rule }: Filter): Listed {
  const chosen = incidents.filter(
    (one) => (team === "" || one.team === team) && (rule === "" || one.rule === rule),
  );
  const ended = chosen.filter((one) => one.state === "closed");
  ended.sort((a, b) => (b.closed_at ?? 0) - (a.closed_at ?? 0));
  return { open: state === "closed" ? [] : openIncidents(chosen), closed: state === "open" ? [] : ended };
}

/** What there is to choose from, and what is chosen although there is none of it now. */
export function choices(values: readonly string[], chosen: string): string[] {
  const all = new Set(values.filter(Boolean));
  if (chosen) all.add(chosen);
  return [...all].sort((a, b) => (a < b ? -1 : 1));
}
