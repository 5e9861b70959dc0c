// Hours by days, over the made-up day.
export default async function ({ page, check, expect, eventually, by, origin }) {
  const show = async (path) => {
    await page.goto(origin + path);
    await by("heat").waitFor();
    await by("window-card").locator("canvas").nth(1).waitFor();
  };

  await check("time: days by hours hold every request of the day, and hatch what is not known", async () => {
    const start = Date.now();
    await show("/time");
    console.log(`        ready in ${Date.now() - start} ms`);
    expect((await by("heat-day").count()) === 7, `${await by("heat-day").count()} days`);
    const n = await by("heat-cell").evaluateAll((all) =>
      all.reduce((total, { dataset }) => total + Number(dataset.n), 0),
    );
    expect(n > 100_000, `${n} requests`);
    const none = await by("heat-cell").evaluateAll((all) => all.filter((cell) => cell.matches(".none")).length);
    expect(none > 24, `${none} cells without data`);
    await by("days-14").click();
    await eventually("not 14 days", async () => (await by("heat-day").count()) === 14);
    expect(page.url().endsWith("/time?days=14"), page.url());
  });

  await check("time: an hour becomes the window, by pointer and by keyboard, and goes on to map and lines", async () => {
    await show("/time");
    const known = by("heat-cell").and(page.locator(":not(.none)"));
    const cell = known.nth(Math.floor((await known.count()) / 2));
    const from = Number(await cell.getAttribute("data-from"));
    await cell.click();
    const window = `from=${from}&to=${from + 3_600_000}`;
    await eventually("no window in the address", async () => page.url().endsWith(`/time?${window}`) || page.url());
    expect((await cell.getAttribute("aria-pressed")) === "true", "the hour is not shown as chosen");
    expect((await by("to-map").getAttribute("href")).includes(window), await by("to-map").getAttribute("href"));
    expect((await by("to-lines").getAttribute("href")).includes(window), "the lines are of another window");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await eventually("the keyboard chose nothing", async () => !page.url().includes(window));
    await page.goBack();
    await eventually("Back does not undo it", async () => page.url().endsWith(window) || page.url());
    await by("reset").click();
    await eventually("the window stays", async () => page.url().endsWith("/time") || page.url());
  });

  await check("time: of one place, in its own hours", async () => {
    await show("/time?place=ES");
    await by("place").getByText("Spain").waitFor();
    await by("zone-place").click();
    await by("heat").getByText("Madrid time").first().waitFor();
    const n = await by("heat-cell").evaluateAll((all) => all.map(({ dataset }) => Number(dataset.n)));
    expect(
      n.some((n) => n > 0),
      "no requests of Spain",
    );
    await by("zone-utc").click();
    await by("place").click();
    await eventually("the place stays", async () => page.url().endsWith("/time") || page.url());
  });
}
