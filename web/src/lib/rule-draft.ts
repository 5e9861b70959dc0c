// A rule for what is on the screen, as a proposal: its limits come from the answer that is shown.

import type { Cell } from "./cells";
import { ALL, chosenOf, paramsOf, type Filters } from "./filters";
import { localized } from "./format";
import { folded } from "./fuzzy";
import type { Level, Place } from "./places";
import { t } from "./texts";

/** With fewer requests than this nothing is decided. */
const MIN_N = 200;
/** A place that fails twice as often as the one in the middle stands out. */
const RAISE_TIMES = 2;
/** Well below, so that a rate on the edge does not page again and again. */
const RECOVER_SHARE = 0.6;
/** Where nothing fails, any limit in proportion would be nothing. */
const RAISE_MIN = 0.005;

export interface RuleDraft {
  readonly id: string;
  readonly query: string;
  readonly by: readonly string[];
  readonly params: Readonly<Record<string, string>>;
  /** The rate in the middle of places with enough requests; null when there are none. */
  readonly median: number | null;
  readonly raise: number;
  readonly recover: number;
}

export function draftOf(
  cells: readonly Cell[],
  level: Level,
  { country, region }: Place,
  filters: Filters = ALL,
): RuleDraft {
  const rates = cells
    .flatMap(({ n, rate }) => (n >= MIN_N && rate !== null ? [rate] : []))
    .sort((a, b) => a - b);
  const median = rates.length ? middle(rates) : null;
  const raise = Math.min(1, rounded(Math.max(RAISE_MIN, RAISE_TIMES * (median ?? 0))));
  const scope = level === "country" ? [] : [country, level === "city" ? region : null];
  const names = [...scope, ...chosenOf(filters).map(({ value }) => value)];
  const where = names.flatMap((name) => idPart(name ?? "") || []);
  return {
    id: `5xx${where.map((code) => `-${code}`).join("")}-by-${level}`,
    query: `errors_by_${level}`,
    by: { country: ["country"], region: ["country", "region"], city: ["country", "region", "city"] }[level],
    params: {
      ...(level !== "country" && country ? { country } : {}),
      ...(level === "city" && region ? { region } : {}),
      ...paramsOf(filters),
    },
    median,
    raise,
    recover: rounded(raise * RECOVER_SHARE),
  };
}

const ID_PART_CHARS_MAX = 24;

/** A name as it can stand in the name of a file. */
function idPart(name: string): string {
  const words = folded(name).match(/[a-z0-9]+/g) ?? [];
  return words.join("-").slice(0, ID_PART_CHARS_MAX).replace(/-$/, "");
}

function middle(sorted: readonly number[]): number {
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1] ?? 0, sorted[Math.floor(half)] ?? 0];
  return (low + high) / 2;
}

/** To two digits: limits are for people. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(2));
}

/** The file, with where its limit comes from. */
export function ruleText({ id, query, by, params, median, raise, recover }: RuleDraft): string {
  const percent = (rate: number) => `${localized(String(Number((rate * 100).toPrecision(2))))} %`;
  const quote = (text: string) => JSON.stringify(text);
  const pairs = Object.entries(params).map(([name, value]) => `${name} = ${quote(value)}`);
  const reason =
    median === null
      ? t.map.rule.noReason
      : t.map.rule.reason(String(MIN_N), percent(median), percent(raise));
  return [
    `# ${reason}`,
    `id = ${quote(id)}`,
    'title = "5xx rate"',
    'runbook = ""',
    "",
    "[query]",
    `name = ${quote(query)}`,
    ...(pairs.length ? [`params = { ${pairs.join(", ")} }`] : []),
    `labels = [${by.map(quote).join(", ")}]`,
    'value = "rate"',
    'sample = "n"',
    'count = "k"',
    `min_n = ${MIN_N}`,
    'unit = "ratio"',
    "",
    "[eval]",
    'every = "1m"',
    'window = "5m"',
    'late_horizon = "15m"',
    "",
    "[raise]",
    'op = ">"',
    `at = ${raise}`,
    "",
    "[recover]",
    'op = "<"',
    `at = ${recover}`,
    "",
    "[hold]",
    'for = "5m"',
    "missing_after = 3",
    "",
    "[route]",
    'severity = "warning"',
    'service = "web"',
    'team = ""',
    "targets = []",
    "",
  ].join("\n");
}
