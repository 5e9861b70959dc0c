// What a person chooses on the pages of lines, servers and SQL: several values, one server, values of a question.

export default async function ({ page, origin, check, expect, eventually, by }) {
  const facet = (name, value) => page.locator(`[data-testid="facet-${name}"][data-value="${value}"]`);
  const marks = () => by("line").locator(".mark").allTextContents();

  await check("lines: two values of a facet are one or the other, and come back with the address", async () => {
    await page.goto(`${origin}/lines?last=24h`);
    await facet("status", "5xx").click();
    await eventually("not only failures", async () => {
      const all = await marks();
      return (all.length > 0 && all.every((mark) => /^5/.test(mark))) || all[0];
    });
    await facet("status", "4xx").click();
    await eventually("not both", async () => {
      const kinds = new Set((await marks()).map((mark) => mark[0]));
      return (kinds.size === 2 && kinds.has("4") && kinds.has("5")) || [...kinds].join();
    });
    expect(page.url().includes("status=5xx&status=4xx"), page.url());
    await page.reload();
    await eventually("the choice is lost", async () => {
      const on = await page.locator('[data-testid="facet-status"][aria-pressed="true"]').count();
      return on === 2 || on;
    });
    await by("any-status").click();
    await eventually("the choice stays", async () => !page.url().includes("status=") || page.url());
  });

  await check("servers: errors are a server's own where it has some, and one alone shows them", async () => {
    await page.goto(`${origin}/servers?last=24h`);
    const row = (host) => by("server").filter({ hasText: host });
    await row("web-2").getByText(/its own, \d/).waitFor();
    await row("db-1").getByText("of all servers").waitFor();
    await row("web-2").getByRole("link").click();
    await by("server-charts").getByText("errors of web-2").waitFor();
  });

  await check("sql: a question has fields for its values, and says which is missing", async () => {
    await page.goto(`${origin}/sql`);
    await by("editor").locator(".cm-content").click();
    await page.keyboard.type("SELECT count(*) AS n FROM logs WHERE ts >= $from AND host = $host");
    await page.keyboard.press("Escape");
    await by("param-from").waitFor();
    await by("run").click();
    await by("failure").getByText("$host").waitFor();
    await by("param-host").fill("web-2");
    await by("param-host").press("Enter");
    await by("result-head").getByText("1 row").waitFor();
    const n = Number((await by("result").locator("td").innerText()).trim());
    expect(n > 0, `${n} lines`);
  });
}
