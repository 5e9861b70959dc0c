// Lines: facets, what comes in, shapes.

export default async function ({ page, origin, check, expect, eventually, by }) {
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
}
