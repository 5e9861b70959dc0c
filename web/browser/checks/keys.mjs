// What the keyboard does everywhere: its help, the palette, single keys.

export default async function ({ page, check, expect, eventually, by, open, settled, rows, pressed }) {
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
}
