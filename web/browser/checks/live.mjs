// What the server tells by itself: lines, incidents, how fresh the page is; and that a held page stands still.

const SOON_MS = 8000;

export default async function ({ page, context, origin, check, expect, eventually, by, open, another }) {
  const headers = { origin };
  const at = (path) => `${origin}/api/v1/${path}`;
  const lines = by("line").locator(".text");
  const mark = `live-check-${Date.now()}`;
  /** Stores a line as a program would that sends its own. */
  async function send(text) {
    const line = JSON.stringify({ ts: new Date().toISOString(), level: "info", message: text });
    const answer = await context.request.post(at("ingest/lines?source=live-check"), {
      headers: { ...headers, "content-type": "text/plain" },
      data: `${line}\n`,
    });
    expect(answer.ok(), `${answer.status()} ${await answer.text()}`);
  }
  const shows = (text) => lines.getByText(text).first().waitFor({ timeout: SOON_MS });
  const asked = [];
  page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  const nAsked = (what) => asked.filter((one) => one === what).length;

  await check("live: the page says how fresh it is, and asks for no state", async () => {
    await open("/map");
    await by("live-state").getByText("Live").waitFor();
    await by("caught-up").getByText(/\d s ago/).waitFor();
    asked.length = 0;
    await eventually("the map is not asked anew", async () => nAsked("GET /api/v1/queries/errors_by_country") > 0);
    const status = nAsked("GET /api/v1/status");
    expect(status === 0, `${status} times the status`);
  });

  await check("live: a line that was sent appears without a reload", async () => {
    await page.goto(`${origin}/lines?source=live-check`);
    await by("live").click();
    await eventually("it does not follow", async () => page.evaluate(() => performance.getEntriesByType("resource").length > 0));
    await send(`${mark}-1`);
    await shows(`${mark}-1`);
  });

  await check("live: a held page keeps lines back, counts them, and shows them then", async () => {
    await page.locator("body").click({ position: { x: 2, y: 2 } });
    await page.keyboard.press("p");
    await by("resume").waitFor();
    await send(`${mark}-2`);
    await page.getByText("Paused, 1 new").waitFor({ timeout: SOON_MS });
    expect((await lines.getByText(`${mark}-2`).count()) === 0, "it is shown");
    await by("resume").click();
    await shows(`${mark}-2`);
    expect((await lines.getByText(`${mark}-1`).count()) === 1, "the line before is gone");
    expect(nAsked("POST /api/v1/sql") < 12, `${nAsked("POST /api/v1/sql")} questions`);
    await by("live").click();
  });

  await check("live: what is done to an incident elsewhere is seen on the strip", async () => {
    const incidents = await (await context.request.get(at("incidents"))).json();
    const one = incidents.find(({ state, mute }) => state === "firing" && !mute);
    expect(one, "no incident is open");
    const act = (what) => context.request.post(at(`incidents/${one.id}/${what}`), { headers, data: {} });
    await act("unacknowledge");
    await open("/map");
    const strip = by("strip-incident").filter({ has: page.locator(`a[href$="/incidents/${one.id}"]`) });
    await strip.getByTestId("strip-acknowledge").waitFor();
    await by("live-state").getByText("Live").waitFor();
    await act("acknowledge");
    await strip.getByText("acknowledged").waitFor({ timeout: SOON_MS });
    // Held, it stays as it was; then it follows.
    await by("pause").click();
    await act("unacknowledge");
    await by("waiting").getByText(/Paused, [1-9]/).waitFor({ timeout: SOON_MS });
    expect(await strip.getByText("acknowledged").isVisible(), "it followed");
    await by("unpause").click();
    await strip.getByTestId("strip-acknowledge").waitFor({ timeout: SOON_MS });
    await act("acknowledge");
  });

  await check("live: without streams the page asks, and says so", async () => {
    const without = await another();
    await without.addInitScript(() => delete window.EventSource);
    const other = await without.newPage();
    await other.goto(`${origin}/lines?source=live-check`);
    await other.getByTestId("live-state").getByText("Asks every 10 s").waitFor();
    await other.getByTestId("live").click();
    await send(`${mark}-3`);
    await other.getByTestId("line").getByText(`${mark}-3`).waitFor({ timeout: SOON_MS });
    await without.close();
  });
}
