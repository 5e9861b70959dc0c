// Rules that are being written, for as long as the tab is open: a reload must not cost somebody their work.

export interface Kept {
  readonly text: string;
  /** The version that was read before it was changed; null for a new rule. */
  readonly version: string | null;
}

const keyOf = (id: string | null) => `logatlas.rule.${id ?? ""}`;

/** The draft of that rule, or of a new one. Anything may have been written there. */
export function keptDraft(id: string | null): Kept | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(keyOf(id)) ?? "null");
    const { text, version } = (kept ?? {}) as Partial<Kept>;
    if (typeof text !== "string") return null;
    return { text, version: typeof version === "string" ? version : null };
  } catch {
    return null;
  }
}

export function keepDraft(id: string | null, draft: Kept | null): void {
  try {
    if (draft) sessionStorage.setItem(keyOf(id), JSON.stringify(draft));
    else sessionStorage.removeItem(keyOf(id));
  } catch {
    // Storage may be forbidden; the draft then lasts as long as the page.
  }
}
