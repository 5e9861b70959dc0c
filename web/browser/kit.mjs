// What every check gets: a signed-out page, ways to look at it, and what must never happen while one looks.
import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const WAIT_MS = 15_000;

/** The rule of the demo that pages for Germany. */
export const RULE_ASKED = "server-error-rate-by-country";

const WIDE = { width: 1600, height: 1000 };
export const PHONE = { width: 390, height: 844 };

/** The names of all pages, so that a new one is looked at without being named here. */
export function pageNames() {
  const source = readFileSync(new URL("../src/lib/routes.ts", import.meta.url), "utf8");
  const list = /export const PAGES = \[([^\]]*)\]/.exec(source);
  return [...list[1].matchAll(/"(\w+)"/g)].map(([, name]) => name);
}

/** In the page: a point where an area is on top; null when there is none. */
export function spotOf(area) {
  const box = area.getBoundingClientRect();
  for (let y = 0.2; y < 0.9; y += 0.02) {
    for (let x = 0.1; x < 0.9; x += 0.02) {
      const point = { x: box.left + box.width * x, y: box.top + box.height * y };
      if (document.elementFromPoint(point.x, point.y) === area) return point;
    }
  }
  return null;
}

export function expect(condition, why) {
  if (!condition) throw new Error(why);
}

/** Waits until the page says so: it refreshes on its own, so a single look could fall in between. */
export async function eventually(why, look) {
  const end = Date.now() + WAIT_MS;
  let seen;
  while (Date.now() < end) {
    seen = await look().catch((error) => error.message);
    if (seen === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${why}; last seen: ${JSON.stringify(seen)}`);
}

/** Waits until a page of the view has its code and its first answer. */
export const drawn = (page, what = "the page") =>
  eventually(`${what} stays busy`, () =>
    page.evaluate(() => {
      const isHere = document.querySelector("main[aria-busy]") !== null;
      return isHere && !document.querySelector('[aria-busy="true"], main > .loading');
    }),
  );

/** The sign-in link and the browser; without them nothing can be looked at. */
export function asked() {
  const { LOGATLAS_URL: url, CHROMIUM: executablePath } = process.env;
  if (url && executablePath) return { url, executablePath };
  console.error("set LOGATLAS_URL to the sign-in link and CHROMIUM to the browser");
  process.exit(2);
}

export function launch(executablePath, args = []) {
  const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args: [...root, ...args] });
}

/** One line a check; `close` says how many passed, or what failed, and returns the exit code. */
export function tally() {
  const failed = [];
  let passed = 0;
  async function check(what, run) {
    try {
      await run();
      passed += 1;
      console.log(`ok      ${what}`);
    } catch (error) {
      const why = String(error.message ?? error).split("\n")[0];
      failed.push(`${what}: ${why}`);
      console.log(`FAILED  ${what}: ${why}`);
    }
  }
  function close() {
    console.log(`${passed} checks passed${failed.length > 0 ? `, ${failed.length} failed:` : ""}`);
    for (const line of failed) console.log(`  ${line}`);
    return failed.length > 0 ? 1 : 0;
  }
  return { check, close };
}

/** Writes down requests that leave the origin, violations of the content policy, and errors of a context. */
async function watch(context, origin, { foreign, complaints }) {
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith("data:"))
      foreign.push(request.url());
  });
  context.on("console", (message) => {
    // A place without an outline has no picture; the page then shows none.
    const isPicture = /\/map\.svg$/.test(message.location().url) && /status of 404/.test(message.text());
    if (message.type() === "error" && !isPicture) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
}

const SERVED = /^\/(api|geo|runbooks)\//;

/** With WEB_DIST the view comes from dist/ and all else from the server: to look at changes without building it. */
async function fromDist(route) {
  const { pathname } = new URL(route.request().url());
  const dist = new URL("../dist/", import.meta.url);
  const file = new URL(`.${pathname}`, dist);
  const path = existsSync(file) && extname(pathname) ? file : new URL("index.html", dist);
  const answer = await route.fetch({ url: new URL("/", route.request().url()).href });
  const { "content-security-policy": policy } = answer.headers();
  await route.fulfill({ path: fileURLToPath(path), headers: { "content-security-policy": policy } });
}

/** A page of its own on a server, and what checks need to look at it. */
export async function kit(browser, url) {
  const { origin } = new URL(url);
  const seen = { foreign: [], complaints: [] };
  const answers = new Map();

  /** A context of its own that is watched like the first. With `signedIn` it has the session of the first. */
  async function another({ viewport = WIDE, colorScheme = "dark", signedIn = true, ...more } = {}) {
    const storageState = signedIn && context ? { cookies: await context.cookies(), origins: [] } : undefined;
    const made = await browser.newContext({ viewport, colorScheme, storageState, ...more });
    made.setDefaultTimeout(WAIT_MS);
    await watch(made, origin, seen);
    const isView = (at) => at.origin === origin && !SERVED.test(at.pathname);
    if (process.env.WEB_DIST) await made.route(isView, fromDist);
    return made;
  }

  let context;
  context = await another();
  context.on("response", async (response) => {
    const name = /\/api\/v1\/queries\/(\w+)/.exec(response.url())?.[1];
    if (name && response.ok()) answers.set(name, await response.json().catch(() => undefined));
  });
  const page = await context.newPage();
  const by = (testid) => page.getByTestId(testid);

  const rows = () =>
    by("row").evaluateAll((all) =>
      all.map(({ dataset }) => ({
        code: dataset.code,
        n: +dataset.n,
        k: +dataset.k,
        excess: +dataset.excess,
        change: +dataset.change,
      })),
    );
  const firstIs = async (code) => {
    const [first] = await rows();
    return first?.code === code || first;
  };
  const settled = () =>
    eventually(
      "the page stays busy",
      async () => (await page.locator("main").getAttribute("aria-busy")) === "false",
    );
  const pressed = async (testid) => (await by(testid).getAttribute("aria-pressed")) === "true";

  /** Opens the map in a state and waits until it is drawn. */
  async function open(path) {
    await page.goto(origin + path);
    await by("table").waitFor();
    await settled();
  }

  /** `notes` holds what one file of checks found out for the next. */
  const looks = { by, eventually, rows, firstIs, settled, pressed, open, expect };
  return { ...looks, ...seen, url, origin, context, another, page, answers, notes: {} };
}
