// Incidents, what people do with them, silences, messages, the week.

import { request, type Scalar } from "./api";

export type State = "firing" | "recovering" | "closed";
export type Severity = "critical" | "error" | "warning" | "info";
export type Unit = "ratio" | "times" | "percent" | "seconds" | "count";
export type Labels = Readonly<Record<string, string | null>>;
export type Class = "action" | "no_action" | "tune";

export interface Member {
  readonly labels: Labels;
  readonly value: number | null;
  readonly n: number | null;
  readonly severity?: Severity;
}

/** Times are milliseconds since the epoch. */
export interface Incident {
  readonly id: string;
  readonly rule: string;
  readonly kind: string;
  readonly title: string;
  readonly unit: Unit;
  readonly labels: Labels | null;
  readonly members: readonly Member[] | null;
  readonly episode: number;
  readonly dedup_key: string;
  readonly state: State;
  readonly severity: Severity;
  readonly service: string;
  readonly team: string;
  readonly opened_at: number;
  readonly closed_at: number | null;
  readonly close_reason: string | null;
  readonly value: number | null;
  readonly peak_value: number | null;
  readonly threshold: number;
  readonly n: number | null;
  readonly summary: string;
  readonly client_url: string;
  readonly runbook_url: string;
  readonly flapping: boolean;
  readonly mute: string | null;
  readonly bundle: string | null;
  readonly sent_at: number | null;
  readonly acked_at: number | null;
  readonly acked_by: string | null;
  readonly class: Class | null;
  readonly class_note: string | null;
  readonly class_by: string | null;
  readonly explanation: Explanation | null;
}

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

/** What stands out among the rows that failed. */
export interface Explanation {
  readonly sentence: string | null;
  readonly normal_rate?: number | null;
  readonly rate?: number | null;
  readonly findings?: readonly Finding[];
  readonly load?: readonly Load[];
  readonly samples?: readonly Readonly<Record<string, Scalar>>[];
  readonly failing?: string;
}

export interface IncidentEvent {
  readonly at: number;
  readonly kind: string;
  readonly value: number | null;
  readonly n: number | null;
  readonly actor: string | null;
  readonly detail: string | null;
}

export interface IncidentDetail extends Incident {
  readonly events: readonly IncidentEvent[];
}

export type Act = "acknowledge" | "unacknowledge" | "resolve" | "class";

/** A message to a target. */
export interface Message {
  readonly id: string;
  readonly incident: string;
  readonly target: string;
  readonly action: string;
  readonly created_at: number;
  readonly attempts: number;
  readonly status: "queued" | "delivered" | "dead" | "dropped";
  readonly error: string | null;
}

/** Times are microseconds since the epoch. */
export interface Silence {
  readonly id: string;
  readonly matchers: Readonly<Record<string, string>>;
  readonly author: string;
  readonly reason: string;
  readonly created_us: number;
  readonly expires_us: number;
  readonly until_clear: boolean;
  readonly ended_us: number | null;
}

export interface NewSilence {
  readonly matchers: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly for: string;
  readonly until_clear: boolean;
}

/** A part of a whole with its 95 % interval; of nothing the value is unknown. */
export interface Share {
  readonly k: number;
  readonly n: number;
  readonly value: number | null;
  readonly lo: number;
  readonly hi: number;
}

export interface Spread {
  readonly median_s: number | null;
  readonly p90_s: number | null;
  readonly n: number;
}

export interface ReviewRow {
  readonly team: string;
  readonly rule: string;
  readonly incidents: number;
  readonly pages: number;
  /** Pages a week that the team can take. */
  readonly ceiling?: number | null;
  readonly night_pages: number;
  readonly flapping: number;
  readonly escalations: number;
  readonly mtta: Spread;
  readonly never_acknowledged: number;
  readonly mttr: Spread;
  readonly still_open: number;
  readonly actionable: Share;
  readonly noise: number;
}

export interface Review {
  readonly week: string;
  readonly from: string;
  readonly to: string;
  readonly teams: readonly ReviewRow[];
  readonly rules: readonly ReviewRow[];
  readonly responders: readonly {
    readonly name: string;
    readonly incidents: number;
    readonly interval: readonly [number, number] | null;
  }[];
  readonly silent_rules: readonly string[];
  readonly debriefs: readonly string[];
}

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
