// Servers, sources and settings.

export default async function ({ page, origin, check, expect, eventually, by }) {
  await check("servers: charts and a table of all hosts, one alone by its link", async () => {
    await page.goto(`${origin}/servers?last=24h`);
    await by("servers").waitFor();
    await by("server-charts").locator("canvas").nth(3).waitFor();
    expect((await by("server").count()) >= 2, `${await by("server").count()} servers`);
    await by("server").first().getByRole("link").click();
    await eventually("no host in the address", async () => page.url().includes("host=") || page.url());
    await page.goto(`${origin}/servers?last=24h&host=web-2`);
    await eventually("its own errors are no part of those of all", async () => {
      const [all, own] = JSON.parse(await by("server-charts").getAttribute("data-errors"));
      return (own > 0 && own <= all) || [all, own];
    });
  });

  await check("sources: every line is accounted for", async () => {
    await page.goto(`${origin}/sources`);
    await by("ledger").waitFor();
    await by("balance").getByText("every line received is accounted for").waitFor();
    const rows = await by("source").evaluateAll((all) =>
      all.map((row) =>
        [...row.querySelectorAll("td")].map((cell) => Number(cell.innerText.replace(/\D/g, ""))),
      ),
    );
    expect(rows.length >= 3, `${rows.length} sources`);
    for (const [received, stored, rejected, known, blank] of rows)
      expect(
        received === stored + rejected + known + blank,
        `${received} of ${stored}, ${rejected}, ${known}, ${blank}`,
      );
  });

  await check("settings: geo data with its maker, the version", async () => {
    await by("to-settings").click();
    await by("geo-data").getByText("DB-IP").first().waitFor();
    expect(/logatlas \d+\.\d+/.test(await by("about").innerText()), await by("about").innerText());
  });

  await check("settings: a language is spoken from its choice on, a reload included", async () => {
    await by("language-de").click();
    await by("pages").getByRole("link", { name: "Karte" }).waitFor();
    await page.goto(`${origin}/map`);
    await by("table").waitFor();
    expect(/Spanien fällt auf/.test(await by("summary").innerText()), await by("summary").innerText());
    expect((await page.locator("html").getAttribute("lang")) === "de", "the page does not say so");
    await page.goto(`${origin}/settings`);
    await by("language-en").click();
    await by("pages").getByRole("link", { name: "Map" }).waitFor();
  });
}
