// Finds the top-level ISO 3166-2 code of a Natural Earth admin-1 unit.
import fs from "node:fs";
import { createRequire } from "node:module";
import { iso31661, iso31662 } from "iso-3166";
import { ALIASES, ALIASES_BY_NAME, NEW_TOP_LEVEL, OLD_GENERATION, OWN_COUNTRIES, UNKEYED } from "./codes.mjs";

const require = createRequire(import.meta.url);

const isoCountries = new Set([...iso31661.map(({ alpha2 }) => alpha2), "XK"]);
export const isoRegions = new Map(iso31662.map((entry) => [entry.code, entry]));
const cldrNames = JSON.parse(fs.readFileSync(require.resolve("cldr-subdivisions-full/subdivisions/en/en.json"), "utf8"))
  .subdivisions.localeDisplayNames.subdivisions;

/** English name in CLDR, with the marks it puts on withdrawn units. */
export const cldrName = (code) => cldrNames[code.toLowerCase().replace("-", "")];

const plain = (text) =>
  (text ?? "").normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]/g, "");

/** The only ISO entry of the country that bears one of the unit's names. */
function byName(country, leaf) {
  const names = new Set([leaf.name, leaf.name_en, leaf.name_local, leaf.gn_name, ...(leaf.name_alt ?? "").split("|")]
    .map(plain).filter(Boolean));
  const hits = iso31662.filter(({ code, name }) => code.startsWith(`${country}-`) &&
    (names.has(plain(name)) || names.has(plain(cldrName(code)))));
  return hits.length === 1 ? hits[0].code : undefined;
}

/** Walks the ISO parents up to the unit right below the country. */
function topLevel(code) {
  let entry = isoRegions.get(code);
  while (entry && entry.parent && isoRegions.has(entry.parent)) entry = isoRegions.get(entry.parent);
  return entry?.code;
}

const COUNTRIES_WITH_ISO_REGIONS = new Set(iso31662.map(({ code }) => code.slice(0, 2)));
const GB_NATIONS = new Map([["England", "GB-ENG"], ["Scotland", "GB-SCT"], ["Wales", "GB-WLS"],
  ["Northern Ireland", "GB-NIR"]]);
const PROVISIONAL = /^-|X\d+~?$|~$/;

/** Country and top-level code of one Natural Earth unit; `how` says which rule found it. */
export function place(leaf) {
  const code = leaf.iso_3166_2;
  if (UNKEYED.has(code)) return { country: UNKEYED.get(code), how: "unkeyed" };
  if (OWN_COUNTRIES.has(code)) return { country: OWN_COUNTRIES.get(code), how: "country" };
  const alias = ALIASES_BY_NAME.get(`${code}|${leaf.name}`) ?? ALIASES_BY_NAME.get(leaf.adm1_code) ?? ALIASES.get(code);
  const country = (alias ?? code).slice(0, 2);
  if (country === "GB") {
    const nation = GB_NATIONS.get(leaf.geonunit);
    return { country, l1: nation, how: nation ? "nation" : "unkeyed" };
  }
  if (alias) return { country, l1: NEW_TOP_LEVEL.has(alias) ? alias : topLevel(alias), how: "alias" };
  if (!isoCountries.has(country)) return { how: "none" };
  if (!COUNTRIES_WITH_ISO_REGIONS.has(country)) return { country, how: "country" };
  const top = OLD_GENERATION.has(country) ? undefined : topLevel(code);
  if (top) return { country, l1: top, how: "iso" };
  const named = OLD_GENERATION.has(country) ? undefined : byName(country, leaf);
  if (named) return { country, l1: topLevel(named), how: "name" };
  if (PROVISIONAL.test(code)) return { country, how: "unkeyed" };
  return { country, l1: code, how: "retired" };
}
