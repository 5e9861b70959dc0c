// What became of the lines of each source, to the line.

import { numberOf, rowsOf, textOf } from "./answer";
import type { Table } from "./api";
import { timeLiteral } from "./sql-text";
import { MINUTE } from "./windows";

export interface Account {
  readonly received: number;
  readonly stored: number;
  readonly rejected: number;
  readonly deduplicated: number;
  readonly blank: number;
  /** Taken in and not durable yet; only known for all sources together. */
  readonly inFlight: number;
  /** Of the stored ones, those that fit no format. */
  readonly unparsed: number;
}

export interface SourceAccount extends Account {
  readonly source: string;
  /** Why lines were rejected. */
  readonly reasons: readonly string[];
}

const NOTHING: Account = {
  received: 0,
  stored: 0,
  rejected: 0,
  deduplicated: 0,
  blank: 0,
  inFlight: 0,
  unparsed: 0,
};
const KINDS = ["received", "stored", "rejected", "deduplicated", "blank", "unparsed"] as const;

export const LEDGER_SQL = "SELECT source, kind, reason, n\nFROM ledger\nORDER BY source, kind, reason";

/** The accounts of the sources, the largest first. */
export function accountsOf(ledger: Table): SourceAccount[] {
  const accounts = new Map<string, SourceAccount>();
  for (const row of rowsOf(ledger)) {
    const source = textOf(row("source")) ?? "";
    const kind = KINDS.find((kind) => kind === row("kind"));
    const n = numberOf(row("n")) ?? 0;
    const account = accounts.get(source) ?? { ...NOTHING, source, reasons: [] };
    const reason = textOf(row("reason"));
    const reasons = kind === "rejected" && reason ? [...account.reasons, reason] : account.reasons;
    accounts.set(source, { ...account, reasons, ...(kind ? { [kind]: account[kind] + n } : {}) });
  }
  return [...accounts.values()].sort((a, b) => b.received - a.received || (a.source < b.source ? -1 : 1));
}

/** Lines of which nothing says what became of them; none when the account balances. */
export function missing({ received, stored, rejected, deduplicated, blank, inFlight }: Account): number {
  return received - stored - rejected - deduplicated - blank - inFlight;
}

/** An import of old files would make a longer stretch look late. */
const LAG_MS = 10 * MINUTE;

/** How late the lines of the last minutes came, 9 of 10 of them, and when the last one came. */
export function lagSql(now: number): string {
  return `SELECT source, count(*) AS n, max(observed_ts) AS newest,
  approx_percentile_cont(CAST(CAST(observed_ts AS BIGINT) - CAST(ts AS BIGINT) AS DOUBLE) / 1000000, 0.9) AS lag_s
FROM logs
WHERE observed_ts >= ${timeLiteral((now - LAG_MS) * 1000)}
GROUP BY source`;
}

export interface Arrival {
  readonly lagMs: number | null;
  readonly newest: number | null;
}

export function arrivalsOf(table: Table): ReadonlyMap<string, Arrival> {
  const entries = rowsOf(table).map((row): [string, Arrival] => {
    const lag = numberOf(row("lag_s"));
    return [
      textOf(row("source")) ?? "",
      { lagMs: lag === null ? null : lag * 1000, newest: numberOf(row("newest")) },
    ];
  });
  return new Map(entries);
}

export const FILES_SQL =
  "SELECT source, path, position, line, done, updated_us\nFROM sources\nORDER BY updated_us DESC\nLIMIT 200";

export const UNPARSED_SQL = `SELECT CAST(ts AS BIGINT) AS ts_us, source, parse_error, raw
FROM logs
WHERE format = 'unparsed'
ORDER BY ts DESC
LIMIT 100`;
