// Fails the build when the page outgrows its budget: JS the page starts with, all JS, all CSS, gzipped.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const KIB = 1024;
// Nobody loads all of it: the console, with its editor of 110 KiB, is the largest page with about 200. Of the languages one
// is ever loaded, before anything is drawn, so the largest counts as part of what the page starts with. Another minifier
// (terser) takes off less than 1 %, and of the editor's packages nothing is left that is not used; so each page more, at
// about 12 KiB with its words, has to be paid for here. What the map shows only when asked is fetched apart, which costs all
// of it 5 KiB in seams. Each budget but the first is what there is and 3 KiB.
const BUDGETS = { "initial JS": 91 * KIB, "all JS": 348 * KIB, "all CSS": 29 * KIB };

const dist = new URL("../dist/", import.meta.url);
const html = readFileSync(new URL("index.html", dist), "utf8");
const sizes = { "initial JS": 0, "all JS": 0, "all CSS": 0 };
let catalogue = 0;
for (const name of readdirSync(new URL("assets/", dist))) {
  const bytes = gzipSync(readFileSync(new URL(`assets/${name}`, dist)), { level: 9 }).length;
  if (name.endsWith(".css")) sizes["all CSS"] += bytes;
  if (!name.endsWith(".js")) continue;
  // Not the chunk of texts.ts itself, which is called alike.
  if (/^texts-[a-z]{2}-/.test(name)) {
    catalogue = Math.max(catalogue, bytes);
    continue;
  }
  sizes["all JS"] += bytes;
  if (html.includes(name)) sizes["initial JS"] += bytes;
}
sizes["initial JS"] += catalogue;
sizes["all JS"] += catalogue;

let over = 0;
for (const [what, budget] of Object.entries(BUDGETS)) {
  const kib = (sizes[what] / KIB).toFixed(1);
  console.log(`${what}: ${kib} KiB gzip of ${budget / KIB}`);
  if (sizes[what] > budget) over += 1;
}
if (catalogue === 0) {
  console.error("no catalogue of texts was found: are its chunks still called texts-*?");
  over += 1;
}
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/.test(html)) {
  console.error("index.html holds inline script or style, which the content security policy refuses");
  over += 1;
}
process.exit(over ? 1 : 0);
