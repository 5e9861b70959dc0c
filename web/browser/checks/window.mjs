// The window of the map, its refresh, its colours, and its width on a phone.

export default async function ({ page, check, expect, eventually, by, open, settled }) {
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
}
