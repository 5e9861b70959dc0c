// Rules with their charts and back-tests, and silences.
import { RULE_ASKED } from "../kit.mjs";

export default async function ({ page, origin, check, expect, eventually, by }) {
  await check("the alerts page lists rules and opens one", async () => {
    await by("pages").getByRole("link", { name: "Alerts" }).click();
    await by("rules").waitFor();
    expect((await by("rule").count()) >= 5, `${await by("rule").count()} rules`);
    await page.locator(`[data-testid="rule"][data-id="${RULE_ASKED}"] a`).click();
    await by("rule-head").waitFor();
    expect(page.url().endsWith(`/alerts/${RULE_ASKED}`), page.url());
    expect((await by("rule-text").innerText()).includes(RULE_ASKED), "its text is not its own");
  });

  await check("the rule's chart has both limits", async () => {
    await by("levels").locator("canvas").waitFor();
    const { raise, recover } = await by("levels").evaluate(({ dataset }) => ({ ...dataset }));
    expect(Number(raise) > Number(recover), `${raise} and ${recover}`);
    // One instance alone, so that no other line has a limit's colour.
    expect((await by("instances").locator("tbody tr").count()) > 0, "no instance is listed");
    await by("instances").locator("tbody a").first().click();
    await eventually("more than one is shown", async () => {
      const n = await by("instances").locator("tbody tr").count();
      return (n === 1 && page.url().includes("instance=")) || n;
    });
    await page.waitForTimeout(300);
    // Each limit is a line across in a colour of its own: a row of the picture that has it again and again.
    const drawn = await by("levels")
      .locator("canvas")
      .evaluate((canvas) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        const isAcross = (name) => {
          const probe = document.body.appendChild(document.createElement("span"));
          probe.style.color = `var(--${name})`;
          const wanted = getComputedStyle(probe).color.match(/\d+/g).map(Number);
          probe.remove();
          // The axis below and the marks of firing at the top are none of it.
          for (let y = 14; y < height - 30; y += 1) {
            let n = 0;
            for (let x = 60; x < width - 60; x += 1) {
              const at = 4 * (y * width + x);
              const is = data[at + 3] > 90 && wanted.every((part, idx) => Math.abs(data[at + idx] - part) < 40);
              n += Number(is);
            }
            if (n > width / 6) return true;
          }
          return false;
        };
        return { bad: isAcross("bad"), soft: isAcross("soft") };
      });
    expect(drawn.bad && drawn.soft, JSON.stringify(drawn));
  });

  await check("a back-test answers in a table", async () => {
    await by("backtest-span-1").click();
    await by("backtest").getByRole("textbox").fill("3, 10");
    const answer = page.waitForResponse((response) => response.url().includes("/backtest"), {
      timeout: 120_000,
    });
    await by("backtest-run").click();
    expect((await answer).ok(), `status ${(await answer).status()}`);
    await eventually("not three rows", async () => {
      const n = await by("backtest-result").locator("tbody tr").count();
      return n === 3 || n;
    });
  });

  await check("a silence is made and ended", async () => {
    await page.goto(`${origin}/alerts?view=silences&match=country%3DZZ`);
    await by("silence-form").getByLabel("Why").fill("browser check");
    await by("silence-add").click();
    const silence = by("silence").filter({ hasText: "browser check" }).first();
    await silence.getByRole("button", { name: /End/ }).click();
    await silence.getByText(/ended/).waitFor();
  });
}
