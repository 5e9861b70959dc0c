// The pages and their addresses. What stands behind the `?` belongs to each page.

export const PAGES = [
  "overview",
  "map",
  "time",
  "incidents",
  "alerts",
  "lines",
  "sql",
  "servers",
  "sources",
  "settings",
] as const;
export type PageName = (typeof PAGES)[number];

export interface Route {
  readonly page: PageName;
  /** The incident or rule that the page is about; null for all of them. */
  readonly id: string | null;
  /** The query part, with its `?`. */
  readonly search: string;
}

/** Reads an address; whatever is no page is the map. */
export function parseRoute(pathname: string, search: string): Route {
  const [, page = "", id = "", ...rest] = pathname.split("/");
  const known = PAGES.find((name) => name === page);
  if (!known || rest.some(Boolean)) return { page: "map", id: null, search: "" };
  if (known === "map") return { page: "map", id: null, search };
  return { page: known, id: decoded(id) || null, search };
}

/** Writes what `parseRoute` reads. */
export function formatRoute({ page, id, search }: Route): string {
  return `/${page}${id ? `/${encodeURIComponent(id)}` : ""}${search}`;
}

/** The address of a page, of one thing on it, in one of its states. What is empty or null is left out. */
export function pathOf(
  page: PageName,
  id: string | null = null,
  params: Readonly<Record<string, string | null>> = {},
): string {
  const pairs = Object.entries(params).filter((pair): pair is [string, string] => !!pair[1]);
  const search = new URLSearchParams(pairs).toString();
  return formatRoute({ page, id, search: search && `?${search}` });
}

/** A link that stays within the view; null for one that leads out of it. */
export function inner(href: string, origin: string): string | null {
  if (!URL.canParse(href, origin)) return null;
  const url = new URL(href, origin);
  const page = url.pathname.split("/")[1];
  if (url.origin !== origin || !PAGES.some((name) => name === page)) return null;
  return url.pathname + url.search;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
