// The server's interface, and nothing beyond it: every request goes to where the page came from.

import type { components } from "./api-types";
import { plainLines } from "./format";
import { t } from "./texts";

/** What the interface's document says about each shape. */
export type Schemas = components["schemas"];
/** A shape of which this view knows more than the document says, such as the words a text is one of. */
export type Refined<T, Known> = Omit<T, keyof Known> & Known;

export type SessionState = "setup" | "signed_out" | "signed_in";
export type Session = Refined<Schemas["Session"], { readonly state: SessionState }>;
export type GeoSource = Schemas["GeoSource"];
export type Status = Schemas["Status"];

export type Scalar = string | number | boolean | null;

/** The answer to a question: one array a column. */
export type Table = Refined<Schemas["Columns"], { readonly data: readonly (readonly Scalar[])[] }>;
export type Answer = Table & Pick<Schemas["QueryAnswer"], "query" | "sql">;

/** A saved query with its parameters; null ones are left out and mean "all". */
export interface Ask {
  readonly query: string;
  readonly params: Readonly<Record<string, string | number | null>>;
}

/** What the server said when it would not do what was asked. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null,
  ) {
    super(message);
    this.name = "Failure";
  }
}

export function getSession(): Promise<Session> {
  return request("GET", "/api/v1/session");
}

/** The three ways in: a link's secret, the printed secret with a new password, the password. */
export type SignIn = Schemas["SignIn"];

export function signIn(body: SignIn): Promise<Session> {
  return request("POST", "/api/v1/session", { body });
}

export async function signOut(): Promise<void> {
  await request("DELETE", "/api/v1/session");
}

export function getStatus(signal: AbortSignal): Promise<Status> {
  return request("GET", "/api/v1/status", { signal });
}

export function run(ask: Ask, signal: AbortSignal): Promise<Answer> {
  return request("GET", addressOf(ask), { signal });
}

export function addressOf({ query, params }: Ask): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null) search.set(name, String(value));
  }
  return `/api/v1/queries/${encodeURIComponent(query)}?${search}`;
}

interface Options {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (answer !== null) return answer as T;
  throw failureOf(response.status, answer);
}

/** The answer as it comes; whatever is no success is thrown. */
export async function send(method: string, path: string, { body, signal }: Options = {}): Promise<Response> {
  const init: RequestInit = { method, headers: { accept: "application/json" }, credentials: "same-origin" };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, "content-type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(0, "unreachable", t.shared.failures.unreachable, t.shared.failures.unreachableHint);
  }
  if (response.ok) return response;
  throw failureOf(response.status, await response.json().catch(() => null));
}

/** Reads the server's error; a proxy in between may have put anything in its place. It may quote what was asked. */
export function failureOf(status: number, answer: unknown): Failure {
  const error = (answer as { error?: { code?: unknown; message?: unknown; hint?: unknown } } | null)?.error;
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? plainLines(value) : null);
  return new Failure(
    status,
    text(error?.code) ?? "unknown",
    text(error?.message) ?? t.shared.failures.status(status),
    text(error?.hint),
  );
}

/** What went wrong, in the shape that notices show. */
export function failureFrom(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(0, "page", error instanceof Error ? error.message : String(error), t.shared.failures.pageHint);
}
