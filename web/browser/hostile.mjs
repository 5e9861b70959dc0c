// Bad inputs through the real server into every place of the view: text stays text. It starts its own server.
//   LOGATLAS    the program
//   CHROMIUM    the browser
//   SCREENS     a folder for pictures of what was seen; none without it
// One line a check, then `N checks passed`; or what failed, and exit code 1.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ADDRESSES, FILES, TEXTS } from "./hostile/payloads.mjs";
import { start } from "./hostile/server.mjs";
import { drawn, eventually, expect, kit, launch, pageNames, PHONE, tally } from "./kit.mjs";

const { LOGATLAS: binary, CHROMIUM: executablePath, SCREENS } = process.env;
if (!binary || !executablePath) {
  console.error("set LOGATLAS to the program and CHROMIUM to the browser");
  process.exit(2);
}

const server = await start(binary);
const browser = await launch(executablePath);
const { check, close } = tally();
try {
  await run();
} finally {
  await browser.close();
  await server.stop();
}
process.exitCode = close();

async function run() {
  const { origin } = server;
  const name = '"><img src=x onerror=window.__pwned=1>\u202ename';
  const link = server.token("--link", "--scope", "admin", "--name", name);
  const bearer = server.token("--scope", "admin", "--name", name);
  const tools = await kit(browser, `${origin}/#secret=${link}`);
  const { context, another, foreign, complaints } = tools;
  const ran = [];

  async function watched(made) {
    await made.exposeBinding("__ran", (_, what) => ran.push(what));
    await made.addInitScript(() => {
      Object.defineProperty(window, "__pwned", { get: () => 0, set: () => window.__ran(`${location}`) });
      // What is as it was before anything was shown.
      window.__polluted = () => "polluted" in {} || Object.keys(Object.prototype).length > 0;
    });
    const page = await made.newPage();
    page.on("dialog", (dialog) => (ran.push(`dialog ${dialog.message()}`), dialog.dismiss()));
    page.on("popup", (popup) => ran.push(`popup ${popup.url()}`));
    page.on("framenavigated", (frame) => {
      const isHere = new URL(frame.url()).origin === origin || frame.url() === "about:blank";
      if (!isHere) ran.push(`went to ${frame.url()}`);
    });
    return page;
  }

  const wide = await watched(context);
  await check("signs in over a folder of bad inputs", async () => {
    await wide.goto(tools.url);
    await wide.getByTestId("table").waitFor();
  });
  const phone = await watched(await another({ viewport: PHONE, colorScheme: "light" }));

  /** What may not be in sight of anybody: a page too wide, or a character that dresses one text up as another. */
  function seen() {
    const hidden = "\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff";
    const odd = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f${hidden}\\u{e0000}-\\u{e007f}]`, "u");
    const [raw, roots] = [[], [document.body]];
    for (const root of roots) {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.shadowRoot) roots.push(node.shadowRoot);
        const texts = node.attributes
          ? ["title", "aria-label", "placeholder", "alt"].map((key) => node.getAttribute(key) ?? "")
          : [node.data];
        for (const text of texts)
          if (odd.test(text)) raw.push(`${node.parentElement?.tagName} ${JSON.stringify(text.slice(0, 60))}`);
      }
    }
    const { scrollWidth, clientWidth } = document.documentElement;
    const links = [...document.querySelectorAll("a[href]")]
      .filter((a) => !/^https?:$/.test(a.protocol) && a.protocol !== "blob:")
      .map((a) => a.href);
    const made = document.querySelectorAll("iframe, object, embed, base, script:not([src])").length;
    const nameless = [...document.querySelectorAll("a, button")].filter(
      (one) => one.checkVisibility() && !one.textContent.trim() && !one.ariaLabel && !one.title,
    ).length;
    return { over: scrollWidth - clientWidth, raw, links, made, nameless, polluted: window.__polluted() };
  }

  let nLooks = 0;
  async function look(page, what) {
    const { over, raw, links, made, nameless, polluted } = await page.evaluate(seen);
    if (SCREENS) await page.screenshot({ path: join(SCREENS, `${(nLooks += 1)}.png`) });
    expect(over <= 0, `${what} is ${over} px too wide`);
    expect(raw.length === 0, `${what} shows raw characters: ${raw.slice(0, 4).join("; ")}`);
    expect(links.length === 0, `${what} has links ${links.slice(0, 3)}`);
    expect(nameless === 0, `${what} has ${nameless} links or buttons that nobody sees`);
    expect(made === 0 && !polluted, `${what}: ${made} foreign elements, polluted ${polluted}`);
    expect(ran.length === 0, `${what} ran ${ran.slice(0, 3)}`);
  }

  /** The same in a wide and a narrow window. */
  async function both(path, act) {
    const one = async (page) => {
      const what = `${path.slice(0, 80)} at ${page.viewportSize().width}`;
      await page.goto(origin + path);
      await drawn(page, what);
      await act?.(page);
      await page.waitForTimeout(150);
      await look(page, what);
    };
    await Promise.all([wide, phone].map(one));
  }
  const ask = async (method, path, data) => {
    const headers = { authorization: `Bearer ${bearer}` };
    return context.request.fetch(origin + path, { method, headers, data });
  };

  await check("the server takes all of it, and each line is accounted for", async () => {
    await eventually("lines are missing", async () => {
      const { account: a } = await (await ask("GET", "/api/v1/status")).json();
      const balances = a.received === a.stored + a.rejected + a.deduplicated + a.blank + a.in_flight;
      return (balances && a.stored > 1000) || a;
    });
    expect(server.isUp(), server.said().slice(-300));
  });

  let incidents = [];
  await check("people write the same: notes, reasons, names, sources", async () => {
    await eventually("no incidents", async () => {
      incidents = await (await ask("GET", "/api/v1/incidents")).json();
      return incidents.length >= 30 || incidents.length;
    });
    for (const [idx, { text }] of TEXTS.entries()) {
      const { id } = incidents[idx % incidents.length];
      const answers = [
        await ask("POST", `/api/v1/incidents/${id}/acknowledge`, {}),
        await ask("POST", `/api/v1/incidents/${id}/class`, { class: "tune", note: text }),
        await ask("POST", "/api/v1/silences", { matchers: { host: text }, reason: text, for: "1h" }),
        await ask("POST", `/api/v1/ingest/lines?${new URLSearchParams({ source: text, host: text })}`, text),
      ];
      const broken = answers.filter((answer) => answer.status() >= 500);
      expect(broken.length === 0, `${JSON.stringify(text)}: ${broken.map((answer) => answer.url())}`);
    }
    const silences = await (await ask("GET", "/api/v1/silences")).json();
    expect(silences.length > 20, `${silences.length} silences`);
    const reason = "x".repeat(1 << 20);
    const huge = await ask("POST", "/api/v1/silences", { matchers: { host: "x" }, reason, for: "1h" });
    expect(huge.status() < 500, `1 MiB of reason: ${huge.status()}`);
  });

  for (const page of pageNames()) await check(`bad inputs: the page ${page}`, () => both(`/${page}`));

  await check("bad inputs: other views of pages", async () => {
    const maps = ["/map?as=treemap", "/map?as=table", "/map?place=ES", "/map?view=difference", "/map?view=hour"];
    const others = ["/incidents?view=review", "/alerts?view=silences", "/lines?view=shapes&last=24h"];
    for (const path of [...maps, ...others]) await both(path);
  });

  await check("bad inputs: each incident, and what may be done to it", async () => {
    for (const { id } of incidents.slice(0, 4)) await both(`/incidents/${id}`);
    const byRule = new Map(incidents.map(({ id, rule }) => [rule, id]));
    for (const [rule, id] of byRule) {
      await both(`/incidents/${id}`);
      await both(`/alerts/${rule}`);
    }
  });

  await check("bad inputs: lines opened one by one", async () => {
    let nOpened = 0;
    for (const { text } of TEXTS) {
      const words = new URLSearchParams({ last: "24h", text: text.trim().slice(0, 40) });
      await both(`/lines?${words}`, async (page) => {
        const line = page.getByTestId("line").first();
        if (!(await line.isVisible())) return;
        await line.click();
        await page.getByTestId("line-sheet").waitFor();
        nOpened += 1;
      });
    }
    expect(nOpened > TEXTS.length, `${nOpened} opened`);
  });

  await check("bad inputs: the palette, the SQL and the rule of the view", async () => {
    await both("/map", async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByTestId("palette-input").fill("odd");
    });
    await both("/lines?last=24h&text=%3Cscript%3E%E2%80%AE", (page) => page.getByTestId("show-sql").click());
    await both("/map?place=ES", (page) => page.getByTestId("rule-open").click());
  });

  const columns = "host, service, path, user_agent, message, raw, source, source_path, attrs";
  const all = `SELECT ${columns} FROM logs LIMIT 400`;
  await check("bad inputs: answers, plans and errors of the console", async () => {
    const run = (page) => page.getByTestId("run").click();
    await both(`/sql?${new URLSearchParams({ q: all })}`, async (page) => {
      await run(page);
      await page.getByTestId("result-head").waitFor();
    });
    for (const { text } of TEXTS.filter((_, idx) => idx % 3 === 0)) {
      const name = text.replaceAll("\0", "").replaceAll('"', '""');
      await both(`/sql?${new URLSearchParams({ q: `SELECT 1 AS "${name || "x"}" FROM "${name}"` })}`, run);
    }
    await both("/sql?q=SELECT+1", async (page) => {
      await page.getByTestId("side-past").click();
    });
    await both("/sql", (page) => page.getByTestId("side-saved").click());
  });

  await check("bad inputs: files have plain names, and no cell starts a formula", async () => {
    await wide.goto(`${origin}/sql?${new URLSearchParams({ q: all })}`);
    await drawn(wide);
    await wide.getByTestId("run").click();
    await wide.getByTestId("result-head").waitFor();
    const saved = async (testid) => {
      const [file] = await Promise.all([wide.waitForEvent("download"), wide.getByTestId(testid).click()]);
      return file;
    };
    const files = [await saved("save-csv")];
    await wide.goto(`${origin}/map?place=ES`);
    await drawn(wide);
    await wide.getByTestId("save-open").click();
    files.push(await saved("save-svg"), await saved("save-csv"));
    for (const file of files) {
      const name = file.suggestedFilename();
      expect(/^logatlas-[\w-]+\.(csv|svg)$/.test(name), name);
      const text = await readFile(await file.path(), "utf8");
      if (name.endsWith(".csv")) {
        const cells = cellsOf(text.replace(/^\ufeff/, "")).flat();
        const isNumber = (cell) => /^-?[\d.]+(e-?\d+)?$/.test(cell);
        const bad = cells.filter((cell) => /^[=+@\t\r-]/.test(cell) && !isNumber(cell));
        expect(bad.length === 0 && cells.length > 9, `${name}: ${JSON.stringify(bad.slice(0, 5))}`);
      } else expect(!/<script|onload|onerror|javascript:|href="(https?:)?\/\//i.test(text), `${name} could run`);
    }
  });

  await check("bad inputs: addresses that nobody would type", async () => {
    for (const path of ADDRESSES) await both(path);
  });

  await check("bad inputs: files beside the view are not served", async () => {
    for (const path of FILES) {
      const answer = await ask("GET", `/${path}`);
      const text = await answer.text();
      expect(!/root:/.test(text) && answer.status() < 500, `${path}: ${answer.status()}`);
      const type = answer.headers()["content-type"] ?? "";
      expect(answer.status() >= 400 || !/html/.test(type) || text.includes('id="app"'), `${path}: ${type}`);
    }
  });

  await check("bad inputs: nothing ran, nothing left, nothing broke the content policy", async () => {
    expect(ran.length === 0, ran.join(" "));
    expect(foreign.length === 0, foreign.join(" "));
    // What the server refuses is shown on the page; the browser notes it as well.
    const real = complaints.filter((text) => !/Failed to load resource: .* status of 4\d\d/.test(text));
    expect(real.length === 0, [...new Set(real)].slice(0, 5).join(" | "));
    expect(server.isUp(), "the server ended");
  });
}

/** The cells of a CSV file (RFC 4180). */
function cellsOf(text) {
  const rows = [[""]];
  let quoted = false;
  for (let idx = 0; idx < text.length; idx += 1) {
    const [c, row] = [text[idx], rows.at(-1)];
    const isPair = quoted && c === '"' && text[idx + 1] === '"';
    if (isPair) idx += 1;
    if (c === '"' && !isPair) quoted = !quoted;
    else if (c === "," && !quoted) row.push("");
    else if (c === "\n" && !quoted) rows.push([""]);
    else if (c !== "\r" || quoted) row[row.length - 1] += c;
  }
  return rows;
}
