// Where the findings of an incident lead.

import type { Finding, Incident } from "./incidents-api";
import { mapSearch } from "./incidents";
import { FACETS, formatLines } from "./line-query";
import { parsePlace } from "./places";
import { parseSpan } from "./spans";
import { START, formatUrl } from "./url-state";
import { MINUTE, type Window } from "./windows";

/** The window of its link into the map; without one the time it was open. */
export function windowOfIncident(
  incident: Pick<Incident, "client_url" | "opened_at" | "closed_at">,
  now: number,
  origin: string,
): Window {
  const search = mapSearch(incident.client_url, origin) ?? "";
  const { opened_at: from, closed_at } = incident;
  return parseSpan(new URLSearchParams(search)).window ?? { from, to: Math.max(closed_at ?? now, from + MINUTE) };
}

/** The lines with that value that failed, or the map of a region; null where nothing shows just that. */
export function findingLink(
  { dimension, value }: Pick<Finding, "dimension" | "value">,
  window: Window,
  failing?: string,
): string | null {
  if (dimension === "region" && value !== null) {
    const place = parsePlace(`${value.slice(0, 2)}/${value}`);
    return place.region && formatUrl({ ...START, view: "custom", window, place });
  }
  const facet = FACETS.find((facet) => facet === dimension && facet !== "status");
  if (!facet) return null;
  const only = failing === "status >= 500" ? { status: ["5xx"] } : {};
  return formatLines({ view: "lines", last: "1h", window, text: "", chosen: { ...only, [facet]: [value] } });
}
