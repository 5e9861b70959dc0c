// Every page on a phone.
import { RULE_ASKED } from "../kit.mjs";

export default async function ({ page, origin, check, expect, by, notes }) {
  await check("no page needs sideways scrolling on a phone", async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    const pages = [
      ["/incidents", "open-incidents"],
      ["/incidents?view=review", "week-teams"],
      [`/incidents/${notes.german}`, "incident-head"],
      ["/alerts", "rules"],
      [`/alerts/${RULE_ASKED}`, "rule-head"],
      ["/alerts?view=silences", "silences"],
      ["/lines", "lines"],
      ["/lines?view=shapes", "shapes"],
      ["/sql", "editor"],
      ["/servers", "servers"],
      ["/sources", "ledger"],
      ["/settings", "geo-data"],
    ];
    for (const [path, testid] of pages) {
      await page.goto(origin + path);
      await by(testid).waitFor();
      await page.waitForTimeout(300);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(over <= 0, `${path} is ${over} px too wide`);
    }
    await page.setViewportSize({ width: 1600, height: 1000 });
  });
}
