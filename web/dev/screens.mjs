// Pictures of every page for people: docs/screens/NAME-{dark,light,phone}.webp, over the demo. Chromium makes no small
// PNG and writes WebP itself, so that the folder stays below 6 MB without a tool of its own.
//   CHROMIUM=... LOGATLAS_URL=http://127.0.0.1:7171/#secret=... node dev/screens.mjs [page ...]
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { asked, drawn, kit, launch, pageNames } from "../browser/kit.mjs";

const QUALITY = 80;
const FOLDER_BYTES_MAX = 6_000_000;
const LOOKS = [
  ["dark", { width: 1440, height: 900 }, "dark"],
  ["light", { width: 1440, height: 900 }, "light"],
  ["phone", { width: 390, height: 844 }, "dark"],
];
/** Where a page has nothing to show by itself; what else is worth a picture. */
const AT = { lines: "/lines?last=24h", servers: "/servers?last=24h" };
const QUERY =
  "SELECT country, count(*) AS n, count(*) FILTER (WHERE status >= 500) AS k FROM logs GROUP BY 1 ORDER BY k DESC";
AT.sql = `/sql?${new URLSearchParams({ q: QUERY })}`;
const MORE = {
  treemap: "/map?as=treemap",
  difference: "/map?view=difference",
  country: "/map?place=ES",
  week: "/incidents?view=review",
  rule: "/alerts/server-error-rate-by-country",
};

const folder = fileURLToPath(new URL("../../docs/screens/", import.meta.url));
mkdirSync(folder, { recursive: true });
const { url, executablePath } = asked();
const browser = await launch(executablePath);
const tools = await kit(browser, url);
await tools.page.goto(url);
await tools.by("table").waitFor();

const [incident] = await (await tools.context.request.get(`${tools.origin}/api/v1/incidents`)).json();
if (incident) MORE.incident = `/incidents/${incident.id}`;
const wanted = process.argv.slice(2);
const pages = Object.fromEntries(pageNames().map((name) => [name, AT[name] ?? `/${name}`]));
const all = Object.entries({ ...pages, ...MORE }).filter(([name]) => !wanted.length || wanted.includes(name));

for (const [look, viewport, colorScheme] of LOOKS) {
  const context = await tools.another({ viewport, colorScheme });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  for (const [name, path] of all) {
    await page.goto(tools.origin + path);
    await drawn(page);
    if (name === "sql") {
      await page.getByTestId("run").click();
      await page.getByTestId("result-head").waitFor();
    }
    await page.mouse.move(2, 2);
    await page.waitForTimeout(1200);
    const shot = { format: "webp", quality: QUALITY, optimizeForSpeed: false };
    const { data } = await devtools.send("Page.captureScreenshot", shot);
    writeFileSync(`${folder}${name}-${look}.webp`, Buffer.from(data, "base64"));
  }
  await context.close();
}
await browser.close();

const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(folder + name).size, 0);
console.log(`${all.length * LOOKS.length} pictures; the folder has ${(bytes / 1e6).toFixed(1)} MB`);
if (bytes > FOLDER_BYTES_MAX) {
  console.error(`more than ${FOLDER_BYTES_MAX / 1e6} MB`);
  process.exitCode = 1;
}
