// What can be taken away from the map: files, a rule, the address, its SQL.

export default async function ({ page, origin, check, expect, by, open, settled, rows, pressed }) {
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
    await by("edit-view-file").click();
    const text = await by("rule-toml").inputValue();
    expect(/^id = "5xx-by-country"$/m.test(text) && /^min_n = 200$/m.test(text), text);
    expect(/^at = [\d.]+$/m.test(text), text);
    await page.goBack();
    await by("table").waitFor();
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
}
