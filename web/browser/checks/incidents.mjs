// The pages as links, and the German incident: who has it, where it leads, what the week says.

export default async function ({ page, origin, check, expect, eventually, by, open, notes }) {
  await check("the pages are links, and unknown ones are the map", async () => {
    await open("/nowhere/at/all");
    expect(new URL(page.url()).pathname === "/map", page.url());
    await by("pages").getByRole("link", { name: "Incidents" }).click();
    await by("open-incidents").waitFor();
    expect(new URL(page.url()).pathname === "/incidents", page.url());
    await page.goBack();
    await by("table").waitFor();
    expect(new URL(page.url()).pathname === "/map", page.url());
    await page.goForward();
    await by("open-incidents").waitFor();
  });

  await check("the German incident is open and leads to its page", async () => {
    const incident = by("incident").filter({ hasText: /\bDE\b|Germany/ });
    await incident.first().waitFor();
    notes.german = await incident.first().getAttribute("data-id");
    await incident.first().getByRole("link").first().click();
    await by("incident-head").waitFor();
    expect(page.url().endsWith(`/incidents/${notes.german}`), page.url());
    await by("timeline").getByText("opened").first().waitFor();
    expect(/limit/.test(await by("incident-head").innerText()), await by("incident-head").innerText());
  });

  // Here, while it is open: the demo recovers.
  await check("on a phone acknowledging is in reach", async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    await page.waitForTimeout(300);
    const box = await by("acts").getByRole("button").first().boundingBox();
    await page.setViewportSize({ width: 1600, height: 1000 });
    expect(box.height >= 44 && box.y > 780 / 2 && box.y + box.height <= 780, JSON.stringify(box));
  });

  await check("acknowledging it says who has it", async () => {
    // The demo may have been answered before.
    if (await by("unacknowledge").isVisible()) await by("unacknowledge").click();
    await by("acknowledge").click();
    await eventually("nobody has it", async () => {
      const who = await by("incident-head").getByTestId("who").innerText();
      return /\S+ has it/.test(who) && !/Nobody/.test(who) ? true : who;
    });
    await by("timeline").getByText("acknowledged").first().waitFor();
    expect((await by("incident-head").getAttribute("data-state")) === "acknowledged", "it reads otherwise");
    await page.reload();
    await by("unacknowledge").waitFor();
  });

  await check("the incident leads to the map of that time and back", async () => {
    const head = await by("incident-head").innerText();
    await by("to-map").click();
    await by("table").waitFor();
    expect(/\/map\?from=\d+&to=\d+/.test(page.url()), page.url());
    await page.goBack();
    await by("incident-head").waitFor();
    expect(page.url().endsWith(`/incidents/${notes.german}`), head);
  });

  await check("a class and a note that are not saved yet outlast what a refresh brings", async () => {
    const form = by("class-form");
    const radio = form.getByRole("radio", { name: "Needs tuning" });
    await radio.check();
    await form.getByRole("textbox").fill("half a note");
    for (let count = 0; count < 2; count += 1) {
      await page.waitForResponse((answer) => answer.url().endsWith(`/incidents/${notes.german}`));
      await page.waitForTimeout(300);
      expect(await radio.isChecked(), "the class is gone");
      expect((await form.getByRole("textbox").inputValue()) === "half a note", "the note is gone");
      expect(await form.getByRole("button", { name: "Save" }).isEnabled(), "it cannot be saved");
    }
    await form.getByRole("button", { name: "Save" }).click();
    await by("timeline").getByText("classed").first().waitFor();
    await eventually("what was saved is not shown", () => radio.isChecked());
  });

  await check("what stands out leads to the lines of it", async () => {
    await by("findings").locator('a[href^="/lines?from="]').first().waitFor();
  });

  await check("giving it back frees it, and the list says so", async () => {
    await by("unacknowledge").click();
    await by("acknowledge").waitFor();
    await page.goto(`${origin}/incidents?state=open`);
    const row = page.locator(`[data-testid="incident"][data-id="${notes.german}"]`);
    await row.getByText("Nobody has it").waitFor();
    await row.getByRole("button", { name: /Acknowledge/ }).click();
    await row.getByText(/\S+ has it/).waitFor();
    expect((await by("closed-incidents").count()) === 0, "closed ones are listed among the open");
  });

  await check("the week counts pages", async () => {
    await by("incident-views").getByRole("link", { name: "Week" }).click();
    await by("week-teams").waitFor();
    expect(/\d{4}-W\d\d/.test(await by("week").innerText()), await by("week").innerText());
    const teams = await by("week-teams").innerText();
    expect(/\d of at most \d+ pages/.test(teams), teams);
  });
}
