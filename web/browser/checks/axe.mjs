// Accessibility as axe-core sees it: WCAG 2 A and AA and best practice, on every page and dialog, dark and light,
// wide and phone. It sees nothing within a canvas, so that no violation is necessary and not sufficient.
import { createRequire } from "node:module";
import { drawn, pageNames, PHONE, RULE_ASKED } from "../kit.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Looks with `?`, Ctrl K, ... at what a page shows only when asked: what, where, and what to do there. */
const press = (keys) => (page) => page.keyboard.press(keys);
const click = (testid) => (page) => page.getByTestId(testid).first().click();
const STATES = [
  ["the list of keys", "/map", press("?")],
  ["the palette", "/map", press("Control+k")],
  ["the SQL of the map", "/map", click("show-sql")],
  ["the proposed rule", "/map", click("rule-open")],
  ["what can be saved", "/map", click("save-open")],
  ["what to filter by", "/map", press("f")],
  ["the filtered overview", "/overview?path=/checkout&service=web"],
  ["the filtered times", "/time?path=/checkout&place=DE"],
  ["the time-lapse", "/map", click("lapse-open")],
  ["the treemap", "/map?as=treemap"],
  ["the difference in Germany", "/map?view=difference&place=DE"],
  ["one incident", (german) => `/incidents/${german}`],
  ["the week", "/incidents?view=review"],
  ["one rule", `/alerts/${RULE_ASKED}`],
  ["silences", "/alerts?view=silences"],
  ["one line", "/lines?last=24h", click("line")],
  ["the shapes of lines", "/lines?view=shapes&last=24h"],
  ["an answer of the console", "/sql?q=SELECT+country%2C+status+FROM+logs+LIMIT+50", click("run")],
];

export default async function ({ origin, another, check, expect, notes }) {
  const looks = [];
  const widths = [
    ["wide", undefined],
    ["phone", PHONE],
  ];
  for (const [width, viewport] of widths) {
    for (const colorScheme of ["dark", "light"]) {
      const context = await another({ viewport, colorScheme });
      await context.addInitScript({ path: AXE });
      looks.push([`${colorScheme}, ${width}`, await context.newPage()]);
    }
  }

  /** What axe complains of in one look at a page, once for each rule. */
  async function violations([look, page], path, act) {
    await page.goto(origin + path);
    await drawn(page);
    await act?.(page);
    await page.waitForTimeout(400);
    const { violations } = await page.evaluate((values) => {
      return window.axe.run(document, { runOnly: { type: "tag", values }, preload: false });
    }, TAGS);
    return violations.map(({ id, nodes: [{ target, any }, ...more] }) => {
      const others = more.length > 0 ? ` and ${more.length} more` : "";
      return `${look}: ${id} at ${target}${others} ${any[0]?.message ?? ""}`;
    });
  }

  const pages = pageNames().map((name) => [`the page ${name}`, `/${name}`]);
  for (const [what, at, act] of [...pages, ...STATES]) {
    await check(`axe: ${what}`, async () => {
      const path = typeof at === "string" ? at : at(await german());
      const found = (await Promise.all(looks.map((look) => violations(look, path, act)))).flat();
      expect(found.length === 0, found.join(" | "));
    });
  }
  for (const [, page] of looks) await page.context().close();

  async function german() {
    if (notes.german) return notes.german;
    const answer = await looks[0][1].request.get(`${origin}/api/v1/incidents`);
    return (await answer.json())[0].id;
  }
}
