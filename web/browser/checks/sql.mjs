// The SQL console.

export default async function ({ page, origin, check, expect, by }) {
  await check("sql: a question is completed, run, explained, saved and remembered", async () => {
    await page.goto(`${origin}/sql`);
    const text = by("editor").locator(".cm-content");
    await text.click();
    const list = page.locator(".cm-tooltip-autocomplete");
    await page.keyboard.type("SELECT countr");
    await list.waitFor();
    // The list takes no keys in its first moment.
    await page.waitForTimeout(200);
    await page.keyboard.press("Tab");
    await list.waitFor({ state: "detached" });
    expect((await text.innerText()) === "SELECT country", await text.innerText());
    await page.keyboard.press("Control+a");
    await page.keyboard.type("SELECT count(*) AS n, 'x' AS t FROM logs");
    await list.waitFor();
    await page.keyboard.press("Control+Enter");
    await by("result-head").getByText("1 row").waitFor();
    expect((await list.count()) === 0, "the list of completions stays open");
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
    await by("past").getByText("SELECT count(*)").first().waitFor();
    await by("side-saved").click();
    await page.locator('[data-testid="saved-query"][data-name="errors_by_country"]').click();
    await by("run-saved").click();
    await by("result-head").waitFor();
    await by("result").getByText("country").first().waitFor();
  });
}
