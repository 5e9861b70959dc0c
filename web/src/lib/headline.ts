// Is something wrong, and since when? One verdict out of the incidents, the data and what is usual.

import { isMuted, rankOf, type Lamp } from "./incidents";
import type { Incident } from "./incidents-api";
import type { Window } from "./windows";

export type Verdict = "noAnswer" | "wrong" | "noData" | "notLooked" | "taken" | "above" | "fine";

export interface Judged {
  readonly verdict: Verdict;
  readonly shape: Lamp["shape"];
  /** How many it is about. */
  readonly incidents: number;
  /** When the first of them opened, in epoch milliseconds. */
  readonly openedAt: number | null;
}

export interface Evidence {
  readonly open: readonly Incident[];
  readonly answers: boolean;
  /** The server's own word; `blue` says that nobody looks, or that messages do not get out. */
  readonly server: string | null;
  readonly live: boolean;
  /** Since when the error rate is above what is usual. */
  readonly since: number | null;
}

/** What is known to be wrong comes first; then whether anybody could know; what is usual decides last. */
export function judge({ open, answers, server, live, since }: Evidence): Judged {
  const told = open.filter((one) => !isMuted(one));
  const firing = told.filter(({ acked_at }) => acked_at === null);
  const about = (verdict: Verdict, shape: Lamp["shape"], incidents: readonly Incident[] = []): Judged => ({
    verdict,
    shape,
    incidents: incidents.length,
    openedAt: incidents.length > 0 ? Math.min(...incidents.map(({ opened_at }) => opened_at)) : null,
  });
  if (!answers) return about("noAnswer", "ring");
  if (firing.length > 0) return about("wrong", "diamond", firing);
  if (server === "blue") return about("notLooked", "ring");
  if (!live) return about("noData", "ring");
  if (told.length > 0) return about("taken", "half", told);
  return since === null ? about("fine", "circle") : about("above", "half");
}

/** What was open in a stretch of time and has ended, the most severe first; a bundle stands for what is in it. */
export function endedIn(incidents: readonly Incident[], { from, to }: Window): Incident[] {
  return incidents
    .filter(
      ({ opened_at, closed_at, bundle }) =>
        bundle === null && closed_at !== null && opened_at < to && closed_at > from,
    )
    .sort((a, b) => rankOf(a.severity) - rankOf(b.severity) || a.opened_at - b.opened_at);
}
