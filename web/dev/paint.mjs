// How soon the map is there: printed, not asserted, since machines differ. A new browser context each time, so that its
// cache is cold; the server is warm after the first load, which does not count. LOGATLAS_URL may be a sign-in link.
//   CHROMIUM=... LOGATLAS_URL=http://127.0.0.1:7272/#secret=mock node dev/paint.mjs [/map?place=DE ...]
import { chromium } from "playwright-core";

const { LOGATLAS_URL: url = "http://127.0.0.1:7272/#secret=mock", CHROMIUM: executablePath } = process.env;
const LOADS = 3;
const paths = process.argv.length > 2 ? process.argv.slice(2) : ["/map"];
const { origin } = new URL(url);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

const first = await browser.newContext();
const page = await first.newPage();
await page.goto(url);
await page.getByTestId("table").waitFor({ timeout: 60_000 });
const storageState = await first.storageState();
await first.close();

/** Milliseconds since the navigation began: first paint, map drawn; script, layout and longest task until then. */
async function load(path) {
  const context = await browser.newContext({ storageState, viewport: { width: 1600, height: 1000 } });
  await context.addInitScript(() => {
    window.longest_ = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest_ = Math.max(window.longest_, duration);
    }).observe({ type: "longtask", buffered: true });
    // Drawn: outlines or bubbles are there, nothing is asked for any more, and a frame has shown it.
    const look = () => {
      const isBusy = document.querySelector("main")?.getAttribute("aria-busy") !== "false";
      const isThere = document.querySelector('[data-testid="area"], [data-testid="bubbles"]') !== null;
      if (isBusy || !isThere) return requestAnimationFrame(look);
      requestAnimationFrame(() => (window.drawn_ = performance.now()));
    };
    requestAnimationFrame(look);
  });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable");
  await page.goto(origin + path);
  await page.waitForFunction(() => window.drawn_, null, { timeout: 60_000 });
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
    drawn: window.drawn_,
    longest: window.longest_,
    areas: document.querySelectorAll('[data-testid="area"][data-step]').length,
    bubbles: Number(document.querySelector('[data-testid="bubbles"]')?.dataset.count ?? 0),
  }));
  const { metrics } = await devtools.send("Performance.getMetrics");
  const seconds = (name) => 1000 * metrics.find((metric) => metric.name === name).value;
  await context.close();
  return { ...times, script: seconds("ScriptDuration"), layout: seconds("LayoutDuration") };
}

for (const path of paths) {
  await load(path);
  const loads = [];
  for (let idx = 0; idx < LOADS; idx += 1) loads.push(await load(path));
  const median = (name) => loads.map((one) => one[name]).sort((a, b) => a - b)[Math.floor(LOADS / 2)].toFixed(0);
  const [{ areas, bubbles }] = loads;
  console.log(`${path}: ${areas} coloured areas, ${bubbles} bubbles, median of ${LOADS} loads`);
  console.log(`  first paint ${median("paint")} ms, map drawn ${median("drawn")} ms`);
  console.log(`  script ${median("script")} ms, layout ${median("layout")} ms, longest task ${median("longest")} ms`);
}
await browser.close();
