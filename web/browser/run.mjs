// The view in a real browser against a real server over the made-up day: Spain fails all day, Germany in the last hour.
//   LOGATLAS_URL  the sign-in link, http://127.0.0.1:PORT/#secret=...
//   CHROMIUM      the browser
//   SCREENSHOT    where the picture of the day goes; none without it
// One line a check, then `N checks passed`; or what failed, and exit code 1.
import { chromium } from "playwright-core";

const url = process.env.LOGATLAS_URL;
const executablePath = process.env.CHROMIUM;
if (!url || !executablePath) {
  console.error("set LOGATLAS_URL to the sign-in link and CHROMIUM to the browser");
  process.exit(2);
}
const { origin } = new URL(url);
const WAIT_MS = 15_000;

const browser = await chromium.launch({
  executablePath,
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, colorScheme: "dark" });
context.setDefaultTimeout(WAIT_MS);

const foreign = [];
const complaints = [];
const answers = new Map();
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
context.on("response", async (response) => {
  const name = /\/api\/v1\/queries\/(\w+)/.exec(response.url())?.[1];
  if (name && response.ok()) answers.set(name, await response.json().catch(() => undefined));
});

const page = await context.newPage();
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

function expect(condition, why) {
  if (!condition) throw new Error(why);
}

/** Waits until the page says so: it refreshes on its own, so a single look could fall in between. */
async function eventually(why, look) {
  const end = Date.now() + WAIT_MS;
  let seen;
  while (Date.now() < end) {
    seen = await look().catch((error) => error.message);
    if (seen === true) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`${why}; last seen: ${JSON.stringify(seen)}`);
}

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

async function open(path) {
  await page.goto(origin + path);
  await by("table").waitFor();
  await settled();
}

await check("the link signs in and leaves the address", async () => {
  await page.goto(url);
  await by("table").waitFor();
  expect(!page.url().includes("secret"), page.url());
  expect(new URL(page.url()).pathname === "/map", page.url());
});

await check("countries are drawn and coloured by more than one step", async () => {
  await settled();
  const steps = await by("area").evaluateAll((all) =>
    all.map((area) => area.dataset.step).filter((step) => step !== undefined),
  );
  expect((await by("area").count()) > 200, `${await by("area").count()} areas`);
  expect(
    steps.length >= 5 && new Set(steps).size >= 2,
    `${steps.length} areas in steps ${[...new Set(steps)]}`,
  );
  const paths = await by("area").evaluateAll(
    (all) => all.filter((area) => (area.getAttribute("d") ?? "").length > 20).length,
  );
  expect(paths > 200, `${paths} outlines`);
});

await check("the day: Spain has most errors beyond its share", async () => {
  await eventually("Spain is not first", () => firstIs("ES"));
  const [spain, second] = await rows();
  expect(spain.excess > second.excess && spain.excess > 0, JSON.stringify([spain, second]));
  expect((await by("summary").innerText()).includes("Spain"), await by("summary").innerText());
});

if (process.env.SCREENSHOT) {
  await check("a picture of the day", async () => {
    await page.mouse.move(2, 2);
    await page.locator(".u-over").first().waitFor();
    await page.waitForTimeout(400);
    await page.screenshot({ path: process.env.SCREENSHOT });
  });
}

await check("the table adds up to the server's answer, unknown place included", async () => {
  await eventually("totals differ", async () => {
    const answer = answers.get("errors_by_country");
    const column = (name) => answer.data[answer.columns.findIndex((column) => column.name === name)];
    const sum = (name) => column(name).reduce((total, value) => total + Number(value), 0);
    const { n, k } = await by("totals").evaluate(({ dataset }) => ({ n: +dataset.n, k: +dataset.k }));
    const shown = (await rows()).reduce((total, row) => ({ n: total.n + row.n, k: total.k + row.k }), {
      n: 0,
      k: 0,
    });
    const same = n === sum("n") && k === sum("k") && shown.n === n && shown.k === k;
    return same || { totals: [n, k], rows: shown, answer: [sum("n"), sum("k")] };
  });
});

await check("the unknown place and the sources are named", async () => {
  expect(/Unknown place: /.test(await by("unknown").innerText()), await by("unknown").innerText());
  expect((await by("attribution").innerText()).trim().length > 20, await by("attribution").innerText());
});

await check("the tooltip tells rate, counts and interval", async () => {
  await by("row").first().locator("button").waitFor();
  const spot = await page.locator('[data-testid="area"][data-code="ES"]').evaluate((area) => {
    const box = area.getBoundingClientRect();
    for (let y = 0.2; y < 0.9; y += 0.02) {
      for (let x = 0.1; x < 0.9; x += 0.02) {
        const point = { x: box.left + box.width * x, y: box.top + box.height * y };
        if (document.elementFromPoint(point.x, point.y) === area) return point;
      }
    }
    return null;
  });
  expect(spot, "no spot of Spain is in sight");
  await page.mouse.move(spot.x, spot.y);
  await by("tooltip").waitFor();
  const text = await by("tooltip").innerText();
  expect(/Spain/.test(text) && / of /.test(text) && /95 % interval/.test(text), text);
  await page.mouse.move(2, 2);
});

await check("count puts the most errors first, rate goes back", async () => {
  const before = (await rows()).map((row) => row.code).join();
  await by("metric-count").click();
  await eventually("not ordered by errors", async () => {
    const counts = (await rows()).map((row) => row.k);
    const inOrder = counts.every((k, idx) => idx === 0 || counts[idx - 1] >= k);
    return (inOrder && (await by("table").getAttribute("data-order")) === "count") || counts.slice(0, 5);
  });
  expect((await rows()).map((row) => row.code).join() !== before, "the order did not change");
  expect(page.url().includes("metric=count"), page.url());
  await by("metric-rate").click();
  await eventually("Spain is not first again", () => firstIs("ES"));
});

await check("the last hour: Germany is first", async () => {
  await by("view-hour").click();
  await eventually("Germany is not first", () => firstIs("DE"));
  expect(page.url().includes("view=hour"), page.url());
});

await check("the difference: Germany got worse, and certainly", async () => {
  await by("view-difference").click();
  await eventually("Germany is not first", async () => {
    const [first] = await rows();
    return (first?.code === "DE" && first.change > 0) || first;
  });
  expect(/Germany got worse/.test(await by("summary").innerText()), await by("summary").innerText());
});

let region = "";
await check("Germany opens into regions, a region into cities", async () => {
  await page.locator('[data-testid="row"][data-code="DE"] button').click();
  await eventually("no regions", async () => (await rows()).some((row) => row.code?.startsWith("DE-")));
  expect(/Germany/.test(await by("trail").innerText()), await by("trail").innerText());
  expect((await by("area").count()) >= 16, `${await by("area").count()} areas`);
  region = await by("row")
    .filter({ has: page.locator("button") })
    .first()
    .getAttribute("data-code");
  await page.locator(`[data-testid="row"][data-code="${region}"] button`).click();
  await eventually("no cities", async () => {
    const codes = (await rows()).map((row) => row.code);
    return (codes.length > 0 && codes.every((code) => !code?.startsWith("DE-"))) || codes.slice(0, 5);
  });
  expect(Number(await by("bubbles").getAttribute("data-count")) > 0, "no city is drawn");
  expect(page.url().includes(`place=DE/${region}`), page.url());
});

await check("Back goes to the regions, Esc to the world", async () => {
  await page.goBack();
  await eventually("no regions", async () => (await rows()).some((row) => row.code === region));
  await page.keyboard.press("Escape");
  await eventually("no countries", async () => (await rows()).some((row) => row.code === "ES"));
  expect(!page.url().includes("place="), page.url());
});

await check("a click on the map opens the country", async () => {
  const spot = await page
    .locator('[data-testid="area"][data-code="BR"], [data-testid="area"][data-code="US"]')
    .first()
    .evaluate((area) => {
      const box = area.getBoundingClientRect();
      for (let y = 0.3; y < 0.9; y += 0.05) {
        for (let x = 0.1; x < 0.9; x += 0.05) {
          const point = { x: box.left + box.width * x, y: box.top + box.height * y };
          if (document.elementFromPoint(point.x, point.y) === area) return point;
        }
      }
      return null;
    });
  await page.mouse.click(spot.x, spot.y);
  await eventually(
    "the place is not in the address",
    async () => /place=(BR|US)/.test(page.url()) || page.url(),
  );
  await page.goBack();
  await eventually("no countries", async () => (await rows()).some((row) => row.code === "ES"));
});

await check("the keyboard alone goes down and up", async () => {
  await by("row").locator("button").first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await eventually(
    "the place is not in the address",
    async () => /place=[A-Z]{2}/.test(page.url()) || page.url(),
  );
  await settled();
  await page.keyboard.press("Escape");
  await eventually("not back in the world", async () => !page.url().includes("place=") || page.url());
});

await check("wheel, keys and buttons zoom, a drag moves, and opening a place shows all of it", async () => {
  await open("/map");
  const k = async () => Number(await by("zoom").getAttribute("data-k"));
  const box = await by("map").boundingBox();
  await page.mouse.move(box.x + box.width * 0.55, box.y + box.height * 0.4);
  await page.mouse.wheel(0, -300);
  await eventually("the wheel does not zoom", async () => (await k()) > 1.5 || (await k()));
  const scene = page.locator('[data-testid="map"] .scene');
  const before = await scene.getAttribute("transform");
  const at = page.url();
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.45, box.y + box.height * 0.5, { steps: 5 });
  await page.mouse.up();
  expect((await scene.getAttribute("transform")) !== before, "a drag does not move it");
  await page.waitForTimeout(400);
  expect(page.url() === at, "a drag opened a place");
  await page.keyboard.press("0");
  expect((await k()) === 1, `${await k()} after 0`);
  await page.keyboard.press("+");
  expect((await k()) === 2, `${await k()} after +`);
  await by("zoom-whole").click();
  expect((await k()) === 1, `${await k()} after the button`);
  await by("zoom-in").click();
  await page.locator('[data-testid="row"][data-code="ES"] button').click();
  await eventually("no regions", async () => (await rows()).some((row) => row.code?.startsWith("ES-")));
  expect((await k()) === 1, `${await k()} in Spain`);
  await page.goBack();
  await eventually("no countries", async () => (await rows()).some((row) => row.code === "DE"));
});

await check("treemap, map and table add up to the same", async () => {
  await open("/map");
  const sums = () =>
    page.evaluate(() => {
      const sum = (testid) => {
        const total = { n: 0, k: 0 };
        for (const { dataset } of document.querySelectorAll(`[data-testid="${testid}"]`)) {
          total.n += Number(dataset.n);
          total.k += Number(dataset.k ?? 0);
        }
        return total;
      };
      const [patches, without, rows, totals] = ["patch", "without", "row", "totals"].map(sum);
      return { map: { n: patches.n + without.n, k: patches.k + without.k }, rows, totals };
    });
  for (const place of ["", "place=ES"]) {
    await open(`/map?${place}`);
    await page.keyboard.press("v");
    await eventually("the sums differ", async () => {
      const { map, rows, totals } = await sums();
      const same = [rows, totals].every(({ n, k }) => n === map.n && k === map.k);
      return (same && map.n > 0) || { map, rows, totals };
    });
    expect(page.url().includes("as=treemap"), page.url());
    // Each patch is a row with the same numbers.
    const odd = await page.evaluate(
      () =>
        [...document.querySelectorAll('[data-testid="patch"][data-code]')].filter(({ dataset }) => {
          const row = document.querySelector(`[data-testid="row"][data-code="${CSS.escape(dataset.code)}"]`);
          return row?.dataset.n !== dataset.n || row?.dataset.k !== dataset.k;
        }).length,
    );
    expect(odd === 0, `${odd} patches differ from their row`);
  }
});

await check("the area of a patch is its share of the errors", async () => {
  const worst = await page.evaluate(() => {
    const patches = [...document.querySelectorAll('[data-testid="patch"]')].map((path) => {
      const points = path
        .getAttribute("d")
        .slice(1, -1)
        .split("L")
        .map((point) => point.split(",").map(Number));
      const twice = points.reduce((sum, [ax, ay], idx) => {
        const [bx, by] = points[(idx + 1) % points.length];
        return sum + ax * by - bx * ay;
      }, 0);
      return { area: Math.abs(twice) / 2, k: Number(path.dataset.k) };
    });
    const sum = (what) => patches.reduce((total, patch) => total + patch[what], 0);
    const [area, k] = [sum("area"), sum("k")];
    // Corners are written to a hundredth of a pixel, which is much of a patch of a few pixels.
    return Math.max(
      ...patches
        .filter((patch) => patch.area > 60)
        .map((patch) => Math.abs((patch.area * k) / (area * patch.k) - 1)),
    );
  });
  expect(worst < 0.01, `${(worst * 100).toFixed(2)} %`);
});

await check("the treemap opens a place, and Back closes it", async () => {
  await open("/map?as=treemap");
  const patch = page.locator('[data-testid="patch"][data-code="ES"]');
  await patch.waitFor();
  await patch.click();
  await eventually("no regions", async () => (await rows()).some((row) => row.code?.startsWith("ES-")));
  expect(/as=treemap/.test(page.url()) && /place=ES/.test(page.url()), page.url());
  await eventually(
    "no regions in it",
    async () => (await by("patch").count()) > 3 || (await by("patch").count()),
  );
  await page.goBack();
  await eventually("no countries", async () => (await rows()).some((row) => row.code === "DE"));
  await page.locator('[data-testid="patch"][data-code="ES"]').waitFor();
});

await check("? lists the keys, Esc closes the list and nothing else", async () => {
  await open("/map?place=ES");
  await page.keyboard.press("?");
  await by("help-dialog").waitFor();
  const text = await by("help-dialog").innerText();
  expect(/treemap/i.test(text) && /Go to Incidents/.test(text), text.slice(0, 200));
  await page.keyboard.press("Escape");
  await by("help-dialog").waitFor({ state: "hidden" });
  expect(page.url().includes("place=ES"), page.url());
});

await check("the palette goes to Germany", async () => {
  await open("/map");
  await page.keyboard.press("Control+k");
  await by("palette-input").waitFor();
  await page.keyboard.type("germ");
  await by("palette")
    .getByRole("option", { name: /^Germany/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await eventually("no regions", async () => (await rows()).some((row) => row.code?.startsWith("DE-")));
  expect(page.url().includes("place=DE"), page.url());
});

await check("keys change metric and comparison, and go to pages", async () => {
  await open("/map");
  await page.keyboard.press("r");
  expect(await pressed("metric-count"), "r does not count");
  await page.keyboard.press("r");
  await eventually("no surprise", async () => (await by("table").getAttribute("data-order")) === "surprise");
  await page.keyboard.press("r");
  await page.keyboard.press("c");
  expect(await pressed("view-difference"), "c does not compare");
  await page.keyboard.press("c");
  expect(await pressed("view-day"), "c does not go back");
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await by("open-incidents").waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await by("table").waitFor();
  await settled();
});

await check("the time-lapse plays the window in steps that are its parts", async () => {
  await open("/map");
  await by("lapse-open").click();
  await eventually("it is not there", async () => (await by("lapse").getAttribute("data-ready")) === "true");
  const n = async () => by("totals").evaluate(({ dataset }) => +dataset.n);
  await eventually("it does not play", async () => Number(await by("lapse").getAttribute("data-step")) > 0);
  await by("lapse-play").click();
  const part = await n();
  await by("lapse-close").click();
  await eventually("the whole is not back", async () => (await n()) > part || [await n(), part]);
});

await check("times are in UTC, here, or there, and the choice stays", async () => {
  await open("/map?place=JP");
  const from = async () => (await by("from").inputValue()).slice(11);
  const utc = await by("from").inputValue();
  await by("zone-place").click();
  const shifted =
    Date.parse(`${(await by("from").inputValue()).replace(" ", "T")}Z`) -
    Date.parse(`${utc.replace(" ", "T")}Z`);
  expect(Math.abs(shifted - 9 * 3_600_000) <= 60_000, `${shifted / 3_600_000} h, ${await from()}`);
  expect(/Tokyo time/.test(await by("window").innerText()), await by("window").innerText());
  await page.reload();
  await by("table").waitFor();
  await eventually("the choice is gone", async () => pressed("zone-place"));
  await by("zone-utc").click();
  expect(/UTC/.test(await by("window").innerText()), await by("window").innerText());
});

await check("the view is saved as picture and table", async () => {
  await open("/map?as=treemap");
  await by("patch").first().waitFor();
  await by("save-open").click();
  for (const kind of ["svg", "png", "csv"]) {
    const [saved] = await Promise.all([page.waitForEvent("download"), by(`save-${kind}`).click()]);
    const name = saved.suggestedFilename();
    expect(name.startsWith("logatlas-world-") && name.endsWith(`.${kind}`), name);
  }
  await page.keyboard.press("Escape");
});

await check("a rule is proposed with limits of its own", async () => {
  await by("rule-open").click();
  expect(/min_n = 200/.test(await by("rule-draft").innerText()), await by("rule-draft").innerText());
  expect(
    /^logatlas rule new 5xx-by-country .*--raise [\d.]+% --recover [\d.]+%/.test(
      await by("rule-command").innerText(),
    ),
    await by("rule-command").innerText(),
  );
  await page.keyboard.press("Escape");
  await by("rule-dialog").waitFor({ state: "hidden" });
});

await check("the address restores everything", async () => {
  const address = "/map?place=DE&metric=count&view=hour";
  await open(address);
  await page.reload();
  await by("table").waitFor();
  await settled();
  expect(page.url() === origin + address, page.url());
  expect((await pressed("view-hour")) && (await pressed("metric-count")), "the switches differ");
  expect(
    (await rows()).some((row) => row.code?.startsWith("DE-")),
    "no regions of Germany",
  );
});

await check("the SQL of the view can be seen", async () => {
  await by("show-sql").click();
  const sql = await by("sql").innerText();
  expect(/\bSELECT\b/.test(sql) && /FROM logs/.test(sql), sql.slice(0, 80));
  await page.keyboard.press("Escape");
  await by("sql-dialog").waitFor({ state: "hidden" });
  expect(page.url().includes("place=DE"), "Esc closed more than the dialog");
});

await check("dragging over the chart chooses a window", async () => {
  await open("/map");
  const over = page.locator(".u-over").first();
  await over.waitFor();
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 30, { steps: 5 });
  await page.mouse.up();
  await eventually(
    "no window in the address",
    async () => /from=\d+&to=\d+&view=custom/.test(page.url()) || page.url(),
  );
  const params = new URL(page.url()).searchParams;
  const hours = (params.get("to") - params.get("from")) / 3_600_000;
  expect(hours > 4 && hours < 5.6, `${hours} h`);
  await settled();
  await page.goBack();
  await settled();
});

await check("a refresh moves the window and keeps the page", async () => {
  await page.evaluate(() =>
    document.querySelector('[data-testid="map"] svg')?.setAttribute("data-same", "1"),
  );
  const response = await page.waitForResponse((response) => response.url().includes("/errors_by_country"));
  expect(response.ok(), `status ${response.status()}`);
  await settled();
  expect((await page.locator('[data-testid="map"] svg[data-same]').count()) === 1, "the map was built anew");
});

await check("the chosen colours outlast a reload", async () => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await by("theme").click();
  const light = await background();
  expect(dark !== light, dark);
  await page.reload();
  await by("table").waitFor();
  expect((await background()) === light, await background());
  await by("theme").click();
});

await check("a phone of 360 pixels needs no sideways scrolling", async () => {
  await page.setViewportSize({ width: 360, height: 780 });
  for (const path of ["/map", "/map?view=difference&place=DE"]) {
    await open(path);
    await page.waitForTimeout(300);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over <= 0, `${path} is ${over} px too wide`);
  }
  await page.setViewportSize({ width: 1600, height: 1000 });
});

const ruleAsked = "server-error-rate-by-country";
let german = "";
await check("the pages are links, and unknown ones are the map", async () => {
  await open("/nowhere/at/all");
  expect(new URL(page.url()).pathname === "/map", page.url());
  await by("pages").getByRole("link", { name: "Incidents" }).click();
  await by("open-incidents").waitFor();
  expect(new URL(page.url()).pathname === "/incidents", page.url());
  await page.goBack();
  await by("table").waitFor();
  expect(new URL(page.url()).pathname === "/map", page.url());
  await page.goForward();
  await by("open-incidents").waitFor();
});

await check("the German incident is open and leads to its page", async () => {
  const incident = by("incident").filter({ hasText: /\bDE\b|Germany/ });
  await incident.first().waitFor();
  german = await incident.first().getAttribute("data-id");
  await incident.first().getByRole("link").first().click();
  await by("incident-head").waitFor();
  expect(page.url().endsWith(`/incidents/${german}`), page.url());
  await by("timeline").getByText("opened").first().waitFor();
  expect(/limit/.test(await by("incident-head").innerText()), await by("incident-head").innerText());
});

await check("acknowledging it says who has it", async () => {
  // The demo may have been answered before.
  if (await by("unacknowledge").isVisible()) await by("unacknowledge").click();
  await by("acknowledge").click();
  await eventually("nobody has it", async () => {
    const who = await by("incident-head").getByTestId("who").innerText();
    return /\S+ has it/.test(who) && !/Nobody/.test(who) ? true : who;
  });
  await by("timeline").getByText("acknowledged").first().waitFor();
  expect((await by("incident-head").getAttribute("data-state")) === "acknowledged", "it reads otherwise");
  await page.reload();
  await by("unacknowledge").waitFor();
});

await check("the incident leads to the map of that time and back", async () => {
  const head = await by("incident-head").innerText();
  await by("to-map").click();
  await by("table").waitFor();
  expect(/\/map\?from=\d+&to=\d+/.test(page.url()), page.url());
  await page.goBack();
  await by("incident-head").waitFor();
  expect(page.url().endsWith(`/incidents/${german}`), head);
});

await check("giving it back frees it, and the list says so", async () => {
  await by("unacknowledge").click();
  await by("acknowledge").waitFor();
  await page.goto(`${origin}/incidents?state=open`);
  const row = page.locator(`[data-testid="incident"][data-id="${german}"]`);
  await row.getByText("Nobody has it").waitFor();
  await row.getByRole("button", { name: /Acknowledge/ }).click();
  await row.getByText(/\S+ has it/).waitFor();
  expect((await by("closed-incidents").count()) === 0, "closed ones are listed among the open");
});

await check("the week counts pages", async () => {
  await by("incident-views").getByRole("link", { name: "Week" }).click();
  await by("week-teams").waitFor();
  expect(/\d{4}-W\d\d/.test(await by("week").innerText()), await by("week").innerText());
});

await check("the alerts page lists rules and opens one", async () => {
  await by("pages").getByRole("link", { name: "Alerts" }).click();
  await by("rules").waitFor();
  expect((await by("rule").count()) >= 5, `${await by("rule").count()} rules`);
  await page.locator(`[data-testid="rule"][data-id="${ruleAsked}"] a`).click();
  await by("rule-head").waitFor();
  expect(page.url().endsWith(`/alerts/${ruleAsked}`), page.url());
  expect((await by("rule-text").innerText()).includes(ruleAsked), "its text is not its own");
});

await check("the rule's chart has both limits", async () => {
  await by("levels").locator("canvas").waitFor();
  const { raise, recover } = await by("levels").evaluate(({ dataset }) => ({ ...dataset }));
  expect(Number(raise) > Number(recover), `${raise} and ${recover}`);
  // One instance alone, so that no other line has a limit's colour.
  expect((await by("instances").locator("tbody tr").count()) > 0, "no instance is listed");
  await by("instances").locator("tbody a").first().click();
  await eventually("more than one is shown", async () => {
    const n = await by("instances").locator("tbody tr").count();
    return (n === 1 && page.url().includes("instance=")) || n;
  });
  await page.waitForTimeout(300);
  // Each limit is a line across in a colour of its own: a row of the picture that has it again and again.
  const drawn = await by("levels")
    .locator("canvas")
    .evaluate((canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      const isAcross = (name) => {
        const probe = document.body.appendChild(document.createElement("span"));
        probe.style.color = `var(--${name})`;
        const wanted = getComputedStyle(probe).color.match(/\d+/g).map(Number);
        probe.remove();
        // The axis below and the marks of firing at the top are none of it.
        for (let y = 14; y < height - 30; y += 1) {
          let n = 0;
          for (let x = 60; x < width - 60; x += 1) {
            const at = 4 * (y * width + x);
            const is = data[at + 3] > 90 && wanted.every((part, idx) => Math.abs(data[at + idx] - part) < 40);
            n += Number(is);
          }
          if (n > width / 6) return true;
        }
        return false;
      };
      return { bad: isAcross("bad"), soft: isAcross("soft") };
    });
  expect(drawn.bad && drawn.soft, JSON.stringify(drawn));
});

await check("a back-test answers in a table", async () => {
  await by("backtest-span-1").click();
  await by("backtest").getByRole("textbox").fill("3, 10");
  const answer = page.waitForResponse((response) => response.url().includes("/backtest"), {
    timeout: 120_000,
  });
  await by("backtest-run").click();
  expect((await answer).ok(), `status ${(await answer).status()}`);
  await eventually("not three rows", async () => {
    const n = await by("backtest-result").locator("tbody tr").count();
    return n === 3 || n;
  });
});

await check("a silence is made and ended", async () => {
  await page.goto(`${origin}/alerts?view=silences&match=country%3DZZ`);
  await by("silence-form").getByLabel("Why").fill("browser check");
  await by("silence-add").click();
  const silence = by("silence").filter({ hasText: "browser check" }).first();
  await silence.getByRole("button", { name: /End/ }).click();
  await silence.getByText(/ended/).waitFor();
});

await check("lines: a facet narrows them, the address keeps it, a line opens", async () => {
  await page.goto(`${origin}/lines?last=24h`);
  await by("line").first().waitFor();
  expect((await by("line").count()) >= 100, `${await by("line").count()} lines`);
  await page.locator('[data-testid="facet-status"][data-value="5xx"]').click();
  await eventually("no failures", async () => {
    const marks = await by("line").locator(".mark").allTextContents();
    return (
      (page.url().includes("status=5xx") && marks.length > 0 && marks.every((mark) => /^5/.test(mark))) ||
      marks[0]
    );
  });
  await page.reload();
  await by("line").first().waitFor();
  await by("line").first().click();
  await by("line-sheet").getByRole("rowheader", { name: "source", exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await by("line-sheet").waitFor({ state: "detached" });
  await by("line-text").fill("CHECKOUT");
  await by("line-text").press("Enter");
  await eventually("other lines", async () => {
    const texts = await by("line").locator(".text").allTextContents();
    return (
      (page.url().includes("text=CHECKOUT") && texts.every((text) => /checkout/i.test(text))) || texts[0]
    );
  });
});

await check("lines: what comes in is shown, and held while somebody reads", async () => {
  await page.goto(`${origin}/lines`);
  await by("line").first().waitFor();
  await by("live").click();
  const first = () => by("line").first().getAttribute("data-key");
  const before = await first();
  await eventually("nothing comes in", async () => (await first()) !== before);
  await by("lines").evaluate((list) => list.scrollTo(0, 500));
  await by("resume").waitFor();
  await page.getByText(/Paused, [1-9]/).waitFor();
  await by("resume").click();
  await by("resume").waitFor({ state: "detached" });
});

await check("lines: shapes take the numbers out, the sql opens in the console", async () => {
  await page.goto(`${origin}/lines?view=shapes&last=24h`);
  await by("shape").first().waitFor();
  expect((await by("shapes").innerText()).includes("‹n›"), "no number was taken out");
  await by("show-sql").click();
  await page.getByRole("link", { name: "Open in SQL" }).click();
  await by("editor").waitFor();
  expect(/^\/sql\?q=SELECT/.test(page.url().slice(origin.length)), page.url());
});

await check("sql: a question is completed, run, explained, saved and remembered", async () => {
  await page.goto(`${origin}/sql`);
  const text = by("editor").locator(".cm-content");
  await text.click();
  await page.keyboard.type("SELECT count(*) AS n, 'x' AS t FROM logs");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Enter");
  await by("result-head").getByText("1 row").waitFor();
  expect(/n int/.test(await by("result").innerText()), await by("result").innerText());
  expect(page.url().includes("q=SELECT+count"), page.url());
  await by("explain").click();
  await by("result")
    .getByText(/TableScan/)
    .waitFor();
  const download = page.waitForEvent("download");
  await by("save-csv").click();
  expect(
    /^logatlas-\d+\.csv$/.test((await download).suggestedFilename()),
    (await download).suggestedFilename(),
  );
  // The editor's styles are adopted sheets: without them it would have no layout.
  expect(
    (await text.evaluate((node) => getComputedStyle(node).whiteSpace)) !== "normal",
    "the editor has no style",
  );
  await by("side-past").click();
  await by("past").getByText("SELECT count(*)").waitFor();
  await by("side-saved").click();
  await page.locator('[data-testid="saved-query"][data-name="errors_by_country"]').click();
  await by("run-saved").click();
  await by("result-head").waitFor();
  await by("result").getByText("country").first().waitFor();
});

await check("servers: charts and a table of all hosts, one alone by its link", async () => {
  await page.goto(`${origin}/servers?last=24h`);
  await by("servers").waitFor();
  await by("server-charts").locator("canvas").nth(3).waitFor();
  expect((await by("server").count()) >= 2, `${await by("server").count()} servers`);
  await by("server").first().getByRole("link").click();
  await eventually("no host in the address", async () => page.url().includes("host=") || page.url());
});

await check("sources: every line is accounted for", async () => {
  await page.goto(`${origin}/sources`);
  await by("ledger").waitFor();
  await by("balance").getByText("every line received is accounted for").waitFor();
  const rows = await by("source").evaluateAll((all) =>
    all.map((row) =>
      [...row.querySelectorAll("td")].map((cell) => Number(cell.innerText.replace(/\D/g, ""))),
    ),
  );
  expect(rows.length >= 3, `${rows.length} sources`);
  for (const [received, stored, rejected, known, blank] of rows)
    expect(
      received === stored + rejected + known + blank,
      `${received} of ${stored}, ${rejected}, ${known}, ${blank}`,
    );
});

await check("settings: geo data with its maker, the version", async () => {
  await by("to-settings").click();
  await by("geo-data").getByText("DB-IP").first().waitFor();
  expect(/logatlas \d+\.\d+/.test(await by("about").innerText()), await by("about").innerText());
});

await check("settings: a language is spoken from its choice on, a reload included", async () => {
  await by("language-de").click();
  await by("pages").getByRole("link", { name: "Karte" }).waitFor();
  await page.goto(`${origin}/map`);
  await by("table").waitFor();
  expect(/Spanien fällt auf/.test(await by("summary").innerText()), await by("summary").innerText());
  expect((await page.locator("html").getAttribute("lang")) === "de", "the page does not say so");
  await page.goto(`${origin}/settings`);
  await by("language-en").click();
  await by("pages").getByRole("link", { name: "Map" }).waitFor();
});

await check("no page needs sideways scrolling on a phone, and acknowledging is in reach", async () => {
  await page.setViewportSize({ width: 360, height: 780 });
  const pages = [
    ["/incidents", "open-incidents"],
    ["/incidents?view=review", "week-teams"],
    [`/incidents/${german}`, "incident-head"],
    ["/alerts", "rules"],
    [`/alerts/${ruleAsked}`, "rule-head"],
    ["/alerts?view=silences", "silences"],
    ["/lines", "lines"],
    ["/lines?view=shapes", "shapes"],
    ["/sql", "editor"],
    ["/servers", "servers"],
    ["/sources", "ledger"],
    ["/settings", "geo-data"],
  ];
  for (const [path, testid] of pages) {
    await page.goto(origin + path);
    await by(testid).waitFor();
    await page.waitForTimeout(300);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over <= 0, `${path} is ${over} px too wide`);
    if (path !== `/incidents/${german}`) continue;
    const box = await by("acts").getByRole("button").first().boundingBox();
    expect(box.height >= 44 && box.y > 780 / 2 && box.y + box.height <= 780, JSON.stringify(box));
  }
  await page.setViewportSize({ width: 1600, height: 1000 });
});

await check("signing out ends it", async () => {
  await open("/map");
  await page.getByRole("button", { name: "Sign out" }).click();
  await by("sign-in").waitFor();
});

await check("no request left the server, nothing broke the content policy, no error was logged", async () => {
  expect(foreign.length === 0, foreign.join(" "));
  // Signing out while a refresh runs is answered with 401, which the browser logs.
  const real = complaints.filter((text) => !/status of 401/.test(text));
  expect(real.length === 0, real.join(" | "));
});

await browser.close();
if (failed.length > 0) {
  console.log(`${passed} checks passed, ${failed.length} failed:`);
  for (const line of failed) console.log(`  ${line}`);
  process.exit(1);
}
console.log(`${passed} checks passed`);
