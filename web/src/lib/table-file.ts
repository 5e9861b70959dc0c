// The cells as a file for a spreadsheet.

import type { Cell } from "./cells";
import { ALL, paramsOf, type Filters } from "./filters";

const COLUMNS = [
  "country",
  "region",
  "city",
  "name",
  "requests",
  "errors",
  "rate",
  "low_95",
  "high_95",
  "excess",
];
const COMPARED = ["requests_before", "errors_before", "rate_before", "change", "z", "significant"];

/** What is filtered by is the same in every line, so that files can be put together. */
export function csvOf(cells: readonly Cell[], filters: Filters = ALL): string {
  const only = paramsOf(filters);
  const compared = cells.some(({ change }) => change);
  const lines = [
    [...COLUMNS, ...(compared ? COMPARED : []), ...Object.keys(only)],
    ...cells.map(({ place, name, n, k, rate, lo, hi, excess, change }) => [
      place?.country ?? null,
      place?.region ?? null,
      place?.city ?? null,
      name,
      n,
      k,
      rate,
      lo,
      hi,
      excess,
      ...(change ? [change.n, change.k, change.rate, change.change, change.z, change.significant] : []),
      ...Object.values(only),
    ]),
  ];
  return lines.map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

/** Names come from logs: a spreadsheet would run one that starts like a formula (CWE-1236). */
function field(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
