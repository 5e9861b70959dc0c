// Of which service, host, path and network: chosen once, kept over the pages, and in whatever is taken from them.
import { drawn } from "../kit.mjs";

export default async function ({ page, check, expect, eventually, by, open, settled, rows, origin }) {
  const total = async () => (await rows()).reduce((sum, { n }) => sum + n, 0);
  const asked = (name) => new URL(page.url()).searchParams.get(name);
  const value = (field) => page.locator(`[data-testid="filter-value"][data-key^="${field} "]`).first();
  let path = null;
  let network = null;

  await check("f lists what there is to filter by, and Enter chooses what was typed", async () => {
    await open("/map");
    const before = await total();
    await page.keyboard.press("f");
    await by("filter-input").waitFor();
    expect(
      await by("filter-input").evaluate((input) => input === document.activeElement),
      "the field has no focus",
    );
    // Lines of access logs need not name their service.
    for (const field of ["host", "path", "as_org"]) await value(field).waitFor();
    path = (await value("path").getAttribute("data-key")).slice("path ".length);
    await by("filter-field-path").click();
    await page.keyboard.type(path);
    await page.keyboard.press("Enter");
    await eventually("the path is not in the address", async () => asked("path") === path || page.url());
    await settled();
    await eventually("all requests are still counted", async () => {
      const after = await total();
      return (after > 0 && after < before) || `${before} to ${after}`;
    });
    await by("chip-path").waitFor();
  });

  await check("Esc closes the choice and leaves everything as it is", async () => {
    const address = page.url();
    await page.keyboard.press("f");
    await by("filter-input").waitFor();
    await page.keyboard.press("Escape");
    await by("filter-input").waitFor({ state: "detached" });
    expect(page.url() === address, page.url());
  });

  await check("a second filter narrows the first, and a place is found there too", async () => {
    await by("filter-open").click();
    await value("as_org").waitFor();
    network = (await value("as_org").getAttribute("data-key")).slice("as_org ".length);
    await value("as_org").click();
    await eventually("no network in the address", async () => asked("as_org") === network || page.url());
    await page.keyboard.press("f");
    await by("filter-field-place").click();
    await page.keyboard.type("germany");
    await page.keyboard.press("Enter");
    await eventually("no place in the address", async () => asked("place") === "DE" || page.url());
    await settled();
    expect(asked("path") === path && asked("as_org") === network, page.url());
  });

  await check("the SQL of the map is bound to the filter and goes on in the console", async () => {
    await by("show-sql").first().click();
    const sql = await by("sql").textContent();
    expect(sql.includes(`'${path.replace(/'/g, "''")}'`), sql.slice(0, 400));
    const href = await by("open-sql").getAttribute("href");
    expect(new URL(href, origin).searchParams.get("q") === sql, href);
    await page.keyboard.press("Escape");
  });

  await check("the proposed rule has the filter as parameters", async () => {
    const address = page.url();
    await by("rule-open").click();
    await eventually("no editor", async () => new URL(page.url()).pathname === "/alerts");
    await by("edit-view-file").click();
    const text = await by("rule-toml").inputValue();
    expect(text.includes(`path = ${JSON.stringify(path)}`), text.slice(0, 400));
    await page.goto(address);
    await by("table").waitFor();
    await settled();
  });

  await check("Time, Overview and Lines go on with the filter, and the map gets it back", async () => {
    for (const name of ["time", "overview", "lines", "map"]) {
      await by("pages").locator(`a[href^="/${name}"]`).click();
      await eventually(`not on ${name}`, async () => new URL(page.url()).pathname === `/${name}`);
      await drawn(page, name);
      expect(asked("path") === path && asked("as_org") === network, page.url());
      if (name !== "lines") await by("chip-path").waitFor();
    }
    expect(asked("place") === "DE", page.url());
    await settled();
  });

  await check("a page shows again what one left there", async () => {
    await by("view-hour").click();
    await settled();
    for (const name of ["overview", "sources", "map"]) {
      await by("pages").locator(`a[href^="/${name}"]`).click();
      await eventually(`not on ${name}`, async () => new URL(page.url()).pathname === `/${name}`);
      await drawn(page, name);
    }
    expect(asked("place") === "DE" && asked("view") === "hour" && asked("path") === path, page.url());
    await settled();
  });

  await check("a click on a chip takes the filter off, and Back puts it on again", async () => {
    await by("chip-as_org").click();
    await eventually("the network stays", async () => asked("as_org") === null);
    expect(asked("path") === path, page.url());
    await page.goBack();
    await eventually("the network is gone", async () => asked("as_org") === network);
    await by("filter-clear").click();
    await eventually("a filter stays", async () => asked("path") === null && asked("as_org") === null);
    await settled();
  });

  await check("a filter that nothing fits says so", async () => {
    await open("/map?path=/no-such-path");
    expect((await total()) === 0, "there are requests");
    await by("chip-path").waitFor();
    await open("/map");
  });
}
