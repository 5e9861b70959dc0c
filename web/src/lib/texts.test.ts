import { describe, expect, it } from "vitest";
import de from "../texts/de";
import en from "../texts/en";
import es from "../texts/es";
import { preferred, wordFor } from "./texts";

describe("texts", () => {
  it.each([
    [["es-MX", "en"], "es"],
    [["DE"], "de"],
    [["fr", "de-CH"], "de"],
    [["fr"], "en"],
    [["constructor"], "en"],
    [[], "en"],
  ] as const)("%j reads %s", (wanted, language) => {
    expect(preferred(wanted)).toBe(language);
  });

  it("leaves a name without a word as it is", () => {
    const words = { error: "Fehler" };
    expect(["error", "constructor", "odd"].map((name) => wordFor(words, name))).toEqual([
      "Fehler",
      "constructor",
      "odd",
    ]);
  });

  // The types hold the others to the keys of English; that a text says something they cannot.
  it.each([
    ["en", en],
    ["es", es],
    ["de", de],
  ])("%s leaves nothing empty", (_, catalogue) => {
    const empty: string[] = [];
    const walk = (node: unknown, path: string) => {
      if (typeof node === "string" && node.trim() === "") empty.push(path);
      if (node && typeof node === "object") {
        for (const [key, child] of Object.entries(node)) walk(child, `${path}.${key}`);
      }
    };
    walk(catalogue, "");
    expect(empty).toEqual([]);
  });
});
