// Incidents, what people do with them, silences, messages, the week.

import { request, type Refined, type Scalar, type Schemas } from "./api";

export type State = "firing" | "recovering" | "closed";
export type Severity = Schemas["Severity"];
export type Unit = Schemas["Unit"];
export type Labels = Schemas["Incident"]["labels"];
export type Class = "action" | "no_action" | "tune";

export interface Member {
  readonly labels: Labels;
  readonly value: number | null;
  readonly n: number | null;
  readonly severity?: Severity;
}

interface Words {
  readonly state: State;
  readonly severity: Severity;
  readonly unit: Unit;
  readonly class: Class | null;
  readonly members: readonly Member[] | null;
  readonly explanation: Explanation | null;
}

/** Times are milliseconds since the epoch. */
export type Incident = Refined<Schemas["Incident"], Words>;

export interface Finding {
  readonly dimension: string;
  readonly value: string | null;
  readonly n: number;
  readonly k: number;
  readonly lift: number;
  readonly share: number;
}

export interface Load {
  readonly host: string;
  readonly metric: string;
  readonly lag_minutes: number;
  readonly correlation: number;
  readonly now: number | null;
}

/** What stands out among the rows that failed; the document leaves its form open. */
export interface Explanation {
  readonly sentence: string | null;
  /** The time that was looked at, milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
  readonly normal_rate?: number | null;
  readonly rate?: number | null;
  readonly findings?: readonly Finding[];
  readonly load?: readonly Load[];
  readonly samples?: readonly Readonly<Record<string, Scalar>>[];
  readonly failing?: string;
}

export type IncidentEvent = Schemas["IncidentEvent"];
export type IncidentDetail = Incident & Pick<Schemas["IncidentStory"], "events">;

export type Act = "acknowledge" | "unacknowledge" | "resolve" | "class";

/** A message to a target. */
export type Message = Refined<
  Schemas["OutboxMessage"],
  { readonly status: "queued" | "delivered" | "dead" | "dropped" }
>;

/** Times are microseconds since the epoch. */
export type Silence = Schemas["Silence"];
export type NewSilence = Required<Omit<Schemas["NewSilence"], "by">>;

/** A part of a whole with its 95 % interval; of nothing the value is unknown. */
export type Share = Schemas["Share"];
export type Spread = Schemas["Spread"];
export type ReviewRow = Schemas["ReviewRow"];
export type Review = Schemas["Review"];

const at = (id: string) => `/api/v1/incidents/${encodeURIComponent(id)}`;

export function getIncidents(signal: AbortSignal): Promise<Incident[]> {
  return request("GET", "/api/v1/incidents", { signal });
}

export function getIncident(id: string, signal: AbortSignal): Promise<IncidentDetail> {
  return request("GET", at(id), { signal });
}

/** The address of the map of an incident, as a picture. */
export function pictureOf(id: string): string {
  return `${at(id)}/map.svg`;
}

export function act(id: string, what: Act, body: { class?: string; note?: string }): Promise<Incident> {
  return request("POST", `${at(id)}/${what}`, { body });
}

export function getMessages(incident: string, signal: AbortSignal): Promise<Message[]> {
  return request("GET", `/api/v1/outbox?incident=${encodeURIComponent(incident)}`, { signal });
}

export function getSilences(signal: AbortSignal): Promise<Silence[]> {
  return request("GET", "/api/v1/silences", { signal });
}

export function addSilence(body: NewSilence): Promise<{ id: string }> {
  return request("POST", "/api/v1/silences", { body });
}

export async function endSilence(id: string): Promise<void> {
  await request("DELETE", `/api/v1/silences/${encodeURIComponent(id)}`);
}

export function getReview(at: number | null, signal: AbortSignal): Promise<Review> {
  return request("GET", `/api/v1/review${at === null ? "" : `?at=${at}`}`, { signal });
}
