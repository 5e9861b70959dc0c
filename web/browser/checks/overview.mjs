// The overview and the wall screen, over the made-up day: Germany fails in its last hour, Spain did before.
export default async function ({ page, check, expect, eventually, by, origin, context }) {
  const show = async (path) => {
    await page.goto(origin + path);
    await by("numbers").waitFor();
  };
  const values = (kind) =>
    by(`worst-${kind}`)
      .getByTestId("worst-row")
      .evaluateAll((all) => all.map((row) => row.dataset.value));

  await check("overview: a verdict, four numbers with their past, what is worst, the pipeline", async () => {
    const start = Date.now();
    await show("/overview");
    await by("worst-path").waitFor();
    console.log(`        ready in ${Date.now() - start} ms`);
    expect((await by("verdict").innerText()).length > 5, await by("verdict").innerText());
    expect((await by("numbers").locator("a").count()) === 4, "not four numbers");
    await by("number-rate")
      .getByText(/yesterday/)
      .waitFor();
    await by("course").locator("canvas").nth(1).waitFor();
    await by("silent").waitFor();
    for (const kind of ["country", "host", "path", "as_org"])
      expect((await values(kind)).length > 0, `no worst ${kind}`);
  });

  await check("overview: everything is a link that carries the window on", async () => {
    const country = (await values("country"))[0];
    await by("worst-country").getByTestId("worst-row").first().click();
    await eventually(
      "the map of the country is not shown",
      async () => page.url().includes(`/map?place=${country}`) || page.url(),
    );
    await page.goBack();
    await by("number-errors").click();
    await eventually("no lines of errors", async () => page.url().includes("/lines?status=5xx") || page.url());
    await page.goBack();
    await by("numbers").waitFor();
    const path = (await values("path"))[0];
    await by("worst-path").getByTestId("worst-row").first().click();
    await eventually(
      "no lines of the path",
      async () => new URL(page.url()).searchParams.get("path") === path || page.url(),
    );
    await page.goBack();
    await by("numbers").waitFor();
    const network = (await values("as_org"))[0] ?? "";
    await by("worst-as_org").getByTestId("worst-row").first().click();
    await eventually(
      "no lines of the network",
      async () => new URL(page.url()).searchParams.get("as_org") === network || page.url(),
    );
    await page.goBack();
    await by("numbers").waitFor();
    await by("span-6h").click();
    await eventually("the span is not in the address", async () => page.url().endsWith("/overview?last=6h"));
    await by("number-requests").click();
    await eventually("no window to look at", async () => /\/time\?from=\d+&to=\d+/.test(page.url()) || page.url());
    await by("heat").waitFor();
  });

  await check("overview: a drag over the chart chooses the window, Back undoes it", async () => {
    await show("/overview");
    await by("course").locator("canvas").first().waitFor();
    const box = await by("course").locator(".u-over").first().boundingBox();
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.3, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 8 });
    await page.mouse.up();
    await eventually("no window in the address", async () => /from=\d+&to=\d+/.test(page.url()) || page.url());
    await page.goBack();
    await eventually("Back keeps the window", async () => page.url().endsWith("/overview") || page.url());
  });

  await check("wall: nothing around it, 18 px and more at 1080p, Esc leaves", async () => {
    await page.setViewportSize({ width: 1920, height: 1080 });
    for (const path of ["/overview", "/map"]) {
      await page.goto(`${origin}${path}?kiosk=1&theme=light`);
      await by("kiosk").waitFor();
      await by(path === "/map" ? "kiosk-rows" : "worst-path").waitFor();
      await page.waitForTimeout(500);
      expect((await by("pages").count()) === 0, "the pages are still there");
      expect(page.url().endsWith("kiosk=1&theme=light"), page.url());
      const theme = await page.evaluate(() => document.documentElement.dataset.theme);
      expect(theme === "light", `${theme} colours`);
      const [small, over] = await page.evaluate(sizes);
      expect(small.length === 0, `smaller than 18 px: ${small.join(", ")}`);
      expect(over <= 1, `${path} is ${over} px too high`);
    }
    await page.keyboard.press("Escape");
    await by("pages").waitFor();
    expect(!page.url().includes("kiosk"), page.url());
    await page.setViewportSize({ width: 1600, height: 1000 });
  });

  await check("wall: a server that does not answer is told, and that it is back", async () => {
    // In a browser of its own: its clock runs ahead.
    const other = await context.browser().newContext({ storageState: await context.storageState() });
    try {
      const wall = await other.newPage();
      await wall.clock.install();
      await wall.goto(`${origin}/overview?kiosk=1`);
      await wall.getByTestId("worst-path").waitFor();
      await wall.route("**/api/**", (route) => route.abort());
      await wall.clock.runFor(40_000);
      await wall.getByTestId("kiosk-banner").waitFor();
      await wall.unroute("**/api/**");
      await eventually("the banner stays", async () => {
        await wall.clock.runFor(2000);
        return (await wall.getByTestId("kiosk-banner").count()) === 0;
      });
    } finally {
      await other.close();
    }
  });
}

/** Texts that are too small, and how far the page is beyond the screen. */
function sizes() {
  const small = [];
  const walker = document.createTreeWalker(document.querySelector("#app"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || element.closest(".spoken, svg [aria-hidden]") || element.getClientRects().length === 0) continue;
    let size = Number.parseFloat(getComputedStyle(element).fontSize);
    for (let node = element; node; node = node.parentElement) size *= Number(getComputedStyle(node).zoom) || 1;
    if (size < 17.9) small.push(`${text.slice(0, 20)} ${size}`);
  }
  const kiosk = document.querySelector('[data-testid="kiosk"]');
  return [small, kiosk.scrollHeight - kiosk.clientHeight];
}
