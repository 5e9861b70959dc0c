// A rule is changed in form and file, tried as a draft, saved over nobody's change, and switched off and on again.
const RULE = "server-error-rate-by-country";

export default async function ({ page, origin, context, check, expect, eventually, by, complaints = [] }) {
  const field = (path) => page.locator(`[data-field="${path}"] :is(input, select)`);
  const file = () => by("rule-toml").inputValue();
  const saved = async (id) => (await (await context.request.get(`${origin}/api/v1/rules/${id}`)).json()) ?? {};
  /** What somebody else does meanwhile, past the page. */
  const write = (id, text, version) =>
    context.request.put(`${origin}/api/v1/rules/${id}`, { data: { text, version }, headers: { origin } });
  const tried = () =>
    eventually("the draft is not tried", async () => {
      const busy = await by("preview").getAttribute("aria-busy");
      return busy === "false" || busy;
    });
  const { text: before } = await saved(RULE);

  await check("a rule's page leads to its editor, which tries it at once", async () => {
    await page.goto(`${origin}/alerts/${RULE}`);
    await by("rule-edit").click();
    await by("rule-form").waitFor();
    await by("preview-numbers").waitFor();
    expect((await field("raise.at").inputValue()) === "5", await field("raise.at").inputValue());
    expect(await by("rule-save").isDisabled(), "there is nothing to save");
  });

  await check("the form changes its value in the file and nothing else", async () => {
    await field("raise.at").fill("7.5");
    await field("hold.for").fill("3m");
    await by("edit-view-file").click();
    const expected = before.replace("at = 0.05", "at = 0.075").replace('for = "2m"', 'for = "3m"');
    expect((await file()) === expected, await file());
    await tried();
  });

  await check("what is changed in the file shows in the form", async () => {
    await by("rule-toml").fill((await file()).replace("at = 0.075", "at = 0.06"));
    await by("edit-view-form").click();
    expect((await field("raise.at").inputValue()) === "6", await field("raise.at").inputValue());
  });

  await check("a draft outlives a reload", async () => {
    await page.reload();
    await by("rule-form").waitFor();
    expect((await field("raise.at").inputValue()) === "6", await field("raise.at").inputValue());
    expect(!(await by("rule-save").isDisabled()), "it cannot be saved");
  });

  await check("a field that makes no sense is not passed over", async () => {
    await field("query.min_n").fill("ten");
    await by("rule-save").click();
    const focused = await page.evaluate(() => document.activeElement?.closest("[data-field]")?.dataset.field);
    expect(focused === "query.min_n", String(focused));
    await by("rule-editor").waitFor();
    await field("query.min_n").fill("100");
  });

  await check("text that is no TOML names its line, and is not saved", async () => {
    await by("edit-view-file").click();
    const good = await file();
    await by("rule-toml").fill(`${good}\nfoo = \n`);
    const said = await by("remarks").innerText();
    expect(said.includes(String(good.split("\n").length + 1)), said);
    expect(await by("rule-save").isDisabled(), "it can be saved");
    await by("rule-toml").fill(good);
  });

  await check("what the server says stands beside its field", async () => {
    await by("edit-view-form").click();
    await field("recover.at").fill("6");
    await field("raise.at").fill("6");
    await field("hold.for").fill("1s");
    await eventually("nothing is said of hold.for", async () => {
      const said = await page.locator('[data-field="hold.for"] .said').innerText();
      return /hold\.for/.test(said) || said;
    });
    await by("remarks").locator("button").first().click();
    const focused = await page.evaluate(() => document.activeElement?.closest("[data-field]")?.dataset.field);
    expect(focused === "hold.for", String(focused));
    await field("hold.for").fill("2m");
    await field("recover.at").fill("3");
    await tried();
  });

  await check("a limit that is dragged moves in the form, and phases follow", async () => {
    const over = by("preview").locator(".u-over");
    await over.waitFor();
    await over.scrollIntoViewIfNeeded();
    await field("raise.at").fill("5");
    await tried();
    const { x, y, width, height } = await over.boundingBox();
    // Where the limit lies is read off the pointer, which turns over it.
    let at = null;
    for (let up = 4; up < height && at === null; up += 3) {
      await page.mouse.move(x + width / 3, y + up);
      if (await over.evaluate((node) => node.style.cursor === "ns-resize")) at = up + 3;
    }
    expect(at !== null, "no limit can be taken");
    await page.mouse.move(x + width / 3, y + at);
    await page.mouse.down();
    await page.mouse.move(x + width / 3, y + at - 30, { steps: 4 });
    await page.mouse.up();
    const dragged = Number(await field("raise.at").inputValue());
    expect(dragged > 5, `still ${dragged}`);
    await tried();
    expect((await by("preview").getByTestId("levels").getAttribute("data-raise")) === String(dragged / 100), "chart");
  });

  await check("a draft is back-tested beside known outages", async () => {
    await by("backtest-span-1").click();
    await by("backtest").getByRole("textbox").fill("3, 10");
    const hour = (back) => new Date(Date.now() - back * 3_600_000).toISOString().slice(0, 19) + "Z";
    await by("outages").setInputFiles({
      name: "outages.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(`from,to,country\n${hour(14)},${hour(8)},ES\n`),
    });
    await by("backtest-run").click();
    await by("truth").waitFor({ timeout: 120_000 });
    const said = await by("truth").innerText();
    expect(/sensitivity/.test(said) && /specificity/.test(said) && /PPV/.test(said), said);
    const n = await by("backtest-result").locator("tbody tr").count();
    expect(n === 3, `${n} limits`);
  });

  await check("a change by somebody else is shown before anything is written over it", async () => {
    const now = await saved(RULE);
    const theirs = now.text.replace("min_n = 100", "min_n = 150");
    await write(RULE, theirs, now.version);
    await by("rule-save").click();
    await by("conflict").waitFor();
    const shown = await by("conflict").innerText();
    expect(shown.includes("min_n = 150") && shown.includes("min_n = 100"), shown);
    expect((await saved(RULE)).text === theirs, "theirs is gone");
    await by("keep-mine").click();
    await by("rule-head").waitFor();
    expect((await saved(RULE)).text.includes("min_n = 100"), "mine is not there");
  });

  await check("a rule is switched off and on", async () => {
    await by("rule-switch").click();
    await eventually("it is not off", async () => (await saved(RULE)).enabled === false);
    await by("rule-text").getByText("enabled = false").waitFor();
    await by("rule-switch").click();
    await eventually("it is not on", async () => (await saved(RULE)).enabled === true);
    await write(RULE, before, (await saved(RULE)).version);
    expect((await saved(RULE)).text === before, "it is not as it was");
  });

  await check("what stands out on the map becomes a new rule, which takes a name that is free", async () => {
    await page.goto(`${origin}/map`);
    await by("rule-open").click();
    await by("rule-form").waitFor();
    expect((await field("query.name").inputValue()) === "errors_by_country", "another query");
    expect((await field("id").inputValue()) === "5xx-by-country", await field("id").inputValue());
    await field("id").fill(RULE);
    await field("title").fill("5xx rate, as on the map");
    await tried();
    await by("rule-save").click();
    await by("conflict").waitFor();
    const free = `browser-check-${Date.now()}`;
    await field("id").fill(free);
    await tried();
    await by("rule-save").click();
    await by("rule-head").waitFor();
    const made = await saved(free);
    expect(made.query === "errors_by_country" && made.raise.at > made.recover.at, JSON.stringify(made.raise));
    // There is no way to take a file away yet; off, it does no harm.
    await by("rule-switch").click();
    await eventually("it is not off", async () => (await saved(free)).enabled === false);
  });

  await check("a silence says when it ends before it is made, and none is for ever", async () => {
    await page.goto(`${origin}/alerts?view=silences&match=country%3DZZ`);
    const span = by("silence-form").locator(".span");
    await span.fill("31d");
    await by("silence-form").locator("label input").first().fill("browser check");
    expect(await by("silence-add").isDisabled(), "31 days are taken");
    await span.fill("3h");
    expect(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}/.test(await by("silence-until").innerText()), "no end is said");
    expect(!(await by("silence-add").isDisabled()), "3 hours are not taken");
  });

  // The browser logs what the server refused; here that was the point.
  const others = complaints.filter((text) => !/status of 409/.test(text));
  complaints.splice(0, complaints.length, ...others);
}
