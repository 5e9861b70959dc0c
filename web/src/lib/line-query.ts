// Which lines: the choice in the address, and the SQL that asks for them.

import { pathOf } from "./routes";
import { formatSpan, parseSpan, type Span } from "./spans";
import { anywhere, isAmong, equals, timeLiteral } from "./sql-text";
import type { Window } from "./windows";

/** What lines can be told apart by, in the order people look at it. */
export const FACETS = [
  "level",
  "status",
  "error_class",
  "service",
  "host",
  "path",
  "country",
  "as_org",
  "format",
  "source",
] as const;
export type Facet = (typeof FACETS)[number];

export interface LineFilter extends Span {
  readonly view: "lines" | "shapes";
  readonly text: string;
  readonly chosen: Chosen;
}

/** Null is a value, as for lines without a host. */
export type FacetChoice = string | null;
/** The values of which a line has to have one; a facet that is absent is not asked for. */
export type Chosen = Readonly<Partial<Record<Facet, readonly FacetChoice[]>>>;

const STATUS = /^[1-9]xx$/;
/** An address written by hand must not make a statement without end. */
const CHOICES_MAX = 40;

/** Reads the query part of the address; a facet comes once a value, and an empty value is null. */
export function parseLines(search: string): LineFilter {
  const params = new URLSearchParams(search);
  const chosen: Partial<Record<Facet, readonly FacetChoice[]>> = {};
  for (const facet of FACETS) {
    const values = params.getAll(facet).filter((value) => facet !== "status" || !value || STATUS.test(value));
    const choices = [...new Set(values.map((value) => value || null))].slice(0, CHOICES_MAX);
    if (choices.length > 0) chosen[facet] = choices;
  }
  return {
    view: params.get("view") === "shapes" ? "shapes" : "lines",
    ...parseSpan(params),
    text: params.get("text") ?? "",
    chosen,
  };
}

/** Writes the shortest address that reads back as the same choice. */
export function formatLines({ view, last, window, text, chosen }: LineFilter): string {
  const address = pathOf("lines", null, {
    view: view === "lines" ? null : view,
    ...formatSpan({ last, window }),
    text,
  });
  const params = new URLSearchParams();
  for (const facet of FACETS) {
    for (const value of chosen[facet] ?? []) params.append(facet, value ?? "");
  }
  const more = params.toString();
  return more ? `${address}${address.includes("?") ? "&" : "?"}${more}` : address;
}

/** The choice with a value more, or without it when it was in. */
export function toggled(chosen: Chosen, facet: Facet, value: FacetChoice): Chosen {
  const before = chosen[facet] ?? [];
  const after = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
  return withChoices(chosen, facet, after);
}

/** The choice with these values of a facet; without any it is no longer asked for. */
export function withChoices(chosen: Chosen, facet: Facet, values: readonly FacetChoice[]): Chosen {
  const { [facet]: _, ...others } = chosen;
  return values.length > 0 ? { ...others, [facet]: values } : others;
}

/** Where the text is looked for. */
const TEXTS = ["message", "path", "query_string", "raw", "user_agent", "client_ip"];

/** What has to hold besides the time; a facet's own choice is left out where its other values are counted. */
function conditions({ text, chosen }: LineFilter, without: Facet | null = null): string[] {
  const all = FACETS.flatMap((facet) => {
    const values = chosen[facet];
    return values === undefined || facet === without ? [] : [isChosen(facet, values)];
  });
  if (text) all.push(`(${TEXTS.map((column) => `${column} ILIKE ${anywhere(text)}`).join(" OR ")})`);
  return all;
}

function isChosen(facet: Facet, values: readonly FacetChoice[]): string {
  if (facet !== "status") return isAmong(facet, values);
  // Ranges, so that files whose codes lie elsewhere are left out.
  const parts = values.map((value) => {
    if (value === null) return equals(facet, value);
    const first = Number(value[0]) * 100;
    return `status BETWEEN ${first} AND ${first + 99}`;
  });
  return parts.length === 1 ? parts.join() : `(${parts.join(" OR ")})`;
}

function within({ from, to }: Window): string[] {
  return [`ts >= ${timeLiteral(from * 1000)}`, `ts < ${timeLiteral(to * 1000)}`];
}

const all = (conditions: readonly string[]) => conditions.join("\n  AND ");

/** A row's place in the order of time. */
export interface Cursor {
  readonly us: number;
  readonly batch: string;
  readonly row: string;
}

export const PAGE_ROWS = 500;
const SHOWN =
  "CAST(ts AS BIGINT) AS ts_us, batch_id, row_idx, level, error_class, status, host, service, source, country,\n" +
  "  method, path, message, raw, action, client_ip, server_port";

/** A page of lines, the newest first; `before` goes on where the page before ended. */
export function rowsSql(filter: LineFilter, window: Window, before: Cursor | null = null): string {
  return `SELECT ${SHOWN}
FROM logs
WHERE ${all([...within(window), ...conditions(filter), ...(before ? [isBefore(before)] : [])])}
ORDER BY ts DESC, batch_id DESC, row_idx DESC
LIMIT ${PAGE_ROWS}`;
}

function isBefore({ us, batch, row }: Cursor): string {
  const t = timeLiteral(us);
  return `(ts < ${t} OR (ts = ${t} AND (batch_id < ${batch} OR (batch_id = ${batch} AND row_idx < ${row}))))`;
}

const FACET_VALUES = 12;

/** How many lines have which value, for each facet. */
export function facetsSql(filter: LineFilter, window: Window): string {
  const parts = FACETS.map((facet) => {
    const value =
      facet === "status"
        ? "CASE WHEN status IS NOT NULL THEN concat(CAST(status / 100 AS TEXT), 'xx') END"
        : facet;
    const chosen = filter.chosen[facet] ?? [];
    // What is chosen is counted however rare it is.
    const first = chosen.length > 0 ? `CASE WHEN ${isAmong("value", chosen)} THEN 0 ELSE 1 END, ` : "";
    return `SELECT * FROM (
  SELECT '${facet}' AS facet, ${value} AS value, count(*) AS n
  FROM logs
  WHERE ${all([...within(window), ...conditions(filter, facet)])}
  GROUP BY 2 ORDER BY ${first}n DESC, value LIMIT ${FACET_VALUES + chosen.length}
)`;
  });
  return parts.join("\nUNION ALL\n");
}

export function countSql(filter: LineFilter, window: Window): string {
  return `SELECT count(*) AS n\nFROM logs\nWHERE ${all([...within(window), ...conditions(filter)])}`;
}

export const SHAPE_ROWS = 5000;

/** The texts that shapes are made of. */
export function textsSql(filter: LineFilter, window: Window): string {
  return `SELECT CAST(ts AS BIGINT) AS ts_us, level, coalesce(message, path, raw) AS text
FROM logs
WHERE ${all([...within(window), ...conditions(filter), "coalesce(message, path, raw) IS NOT NULL"])}
ORDER BY ts DESC
LIMIT ${SHAPE_ROWS}`;
}

/** One line with all its columns. */
export function oneSql({ us, batch, row }: Cursor): string {
  return `SELECT *\nFROM logs\nWHERE ts = ${timeLiteral(us)} AND batch_id = ${batch} AND row_idx = ${row}`;
}

const AROUND_US = 30_000_000;
const AROUND_ROWS = 20;

/** What the same source wrote right before and after. */
export function aroundSql({ us, batch, row }: Cursor, source: string | null): string {
  const t = timeLiteral(us);
  const side = (end: string, sign: "<" | ">", order: string) => `SELECT * FROM (
  SELECT ${SHOWN}
  FROM logs
  WHERE ${equals("source", source)} AND ${end}
    AND (ts ${sign} ${t} OR (ts = ${t} AND (batch_id ${sign} ${batch} OR (batch_id = ${batch} AND row_idx ${sign} ${row}))))
  ORDER BY ts ${order}, batch_id ${order}, row_idx ${order} LIMIT ${AROUND_ROWS}
)`;
  const before = side(`ts >= ${timeLiteral(us - AROUND_US)}`, "<", "DESC");
  const after = side(`ts <= ${timeLiteral(us + AROUND_US)}`, ">", "ASC");
  return `${before}\nUNION ALL\n${after}`;
}

/** More lines than this are not kept while they come in. */
export const TAIL_ROWS = 2000;
/** Lines become visible in batches whose numbers only rise; a batch may be this much older than its number. */
const TAIL_SLACK_MS = 60_000;

/** The newest batch; lines that come in later are in later ones. */
export function newestSql(now: number): string {
  return `SELECT max(batch_id) AS batch_id\nFROM logs\nWHERE observed_ts >= ${timeLiteral((now - TAIL_SLACK_MS) * 1000)}`;
}

/** Where lines are told as they come in, after a batch or a stream's event. */
export function tailAddress(filter: LineFilter, after: string): string {
  const where = all(conditions(filter));
  return `/api/v1/tail?${new URLSearchParams({ after, ...(where && { where }) })}`;
}

/** Lines that came in after a batch, wherever in time they belong. */
export function tailSql(filter: LineFilter, batch: string, now: number): string {
  const since = `observed_ts >= ${timeLiteral((now - TAIL_SLACK_MS) * 1000)}`;
  return `SELECT ${SHOWN}
FROM logs
WHERE ${all([since, `batch_id > ${batch}`, ...conditions(filter)])}
ORDER BY batch_id DESC, row_idx DESC
LIMIT ${TAIL_ROWS}`;
}
