import { afterEach, expect, test, vi } from "vitest";
import { keepDraft, keptDraft } from "./rule-draft-store";

afterEach(() => vi.unstubAllGlobals());

function storage(): Map<string, string> {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  return kept;
}

test("each rule has a draft of its own, a new one too", () => {
  storage();
  keepDraft("a", { text: "x", version: "v1" });
  keepDraft(null, { text: "y", version: null });
  expect(keptDraft("a")).toEqual({ text: "x", version: "v1" });
  expect(keptDraft(null)).toEqual({ text: "y", version: null });
  keepDraft("a", null);
  expect(keptDraft("a")).toBeNull();
});

test("what is no draft is none, and without storage there is none", () => {
  const kept = storage();
  for (const text of ["{", "null", "3", '{"text": 1}']) {
    kept.set("logatlas.rule.a", text);
    expect(keptDraft("a")).toBeNull();
  }
  vi.unstubAllGlobals();
  keepDraft("a", { text: "x", version: null });
  expect(keptDraft("a")).toBeNull();
});
