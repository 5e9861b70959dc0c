// The words of the view, in the language of the person. One language is fetched, before anything is drawn; another one
// is chosen in the settings and takes a reload, so that no component has to expect its words to change.

import type en from "../texts/en";
import { readSetting, writeSetting } from "./setting";

export type Texts = typeof en;

/** What a language is called in itself, and its catalogue. English is complete by definition; types hold the others to it. */
const LANGUAGES = {
  en: { name: "English", load: () => import("../texts/en") },
  es: { name: "Español", load: () => import("../texts/es") },
  de: { name: "Deutsch", load: () => import("../texts/de") },
} satisfies Record<string, { name: string; load: () => Promise<{ default: Texts }> }>;

export type Language = keyof typeof LANGUAGES;

/** For the switch in the settings. */
export const languages = Object.entries(LANGUAGES).map(([value, { name }]) => ({
  value: value as Language,
  label: name,
}));

/** The first language of the person that there is a catalogue for; `es-MX` reads `es`. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0] ?? "";
    if (isLanguage(base)) return base;
  }
  return "en";
}

function isLanguage(text: string | null): text is Language {
  return text !== null && Object.hasOwn(LANGUAGES, text);
}

function chosen(): Language {
  const setting = readSetting("language");
  if (isLanguage(setting)) return setting;
  // Without a page, as in tests, it is English whatever the machine speaks.
  return preferred(typeof document === "undefined" ? [] : (navigator.languages ?? []));
}

/** From the next start of the page on; its state is in the address, so a reload keeps it. */
export function chooseLanguage(next: Language): void {
  writeSetting("language", next);
  location.reload();
}

export const language: Language = chosen();

/** The word for a name that the server sent; a name without one stands as it is. */
export function wordFor(words: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(words, name) ? (words[name] ?? name) : name;
}

// A catalogue imports nothing but types: it is awaited here, so whatever it needed from the page would wait for itself.
export const t: Texts = (await LANGUAGES[language].load()).default;

if (typeof document !== "undefined") document.documentElement.lang = language;
