// The map and its table: what is drawn, what it adds up to, and the ways down into a place and back.
import { spotOf } from "../kit.mjs";

export default async function ({ page, check, expect, eventually, by, open, settled, rows, firstIs, answers }) {
  await check("countries are drawn and coloured by more than one step", async () => {
    await settled();
    const steps = await by("area").evaluateAll((all) =>
      all.map((area) => area.dataset.step).filter((step) => step !== undefined),
    );
    expect((await by("area").count()) > 200, `${await by("area").count()} areas`);
    expect(
      steps.length >= 5 && new Set(steps).size >= 2,
      `${steps.length} areas in steps ${[...new Set(steps)]}`,
    );
    const paths = await by("area").evaluateAll(
      (all) => all.filter((area) => (area.getAttribute("d") ?? "").length > 20).length,
    );
    expect(paths > 200, `${paths} outlines`);
  });

  await check("the day: Spain has most errors beyond its share", async () => {
    await eventually("Spain is not first", () => firstIs("ES"));
    const [spain, second] = await rows();
    expect(spain.excess > second.excess && spain.excess > 0, JSON.stringify([spain, second]));
    expect((await by("summary").innerText()).includes("Spain"), await by("summary").innerText());
  });

  if (process.env.SCREENSHOT) {
    await check("a picture of the day", async () => {
      await page.mouse.move(2, 2);
      await page.locator(".u-over").first().waitFor();
      await page.waitForTimeout(400);
      await page.screenshot({ path: process.env.SCREENSHOT });
    });
  }

  await check("the table adds up to the server's answer, unknown place included", async () => {
    await eventually("totals differ", async () => {
      const answer = answers.get("errors_by_country");
      const column = (name) => answer.data[answer.columns.findIndex((column) => column.name === name)];
      const sum = (name) => column(name).reduce((total, value) => total + Number(value), 0);
      const { n, k } = await by("totals").evaluate(({ dataset }) => ({ n: +dataset.n, k: +dataset.k }));
      const shown = (await rows()).reduce((total, row) => ({ n: total.n + row.n, k: total.k + row.k }), {
        n: 0,
        k: 0,
      });
      const same = n === sum("n") && k === sum("k") && shown.n === n && shown.k === k;
      return same || { totals: [n, k], rows: shown, answer: [sum("n"), sum("k")] };
    });
  });

  await check("the unknown place and the sources are named", async () => {
    expect(/Unknown place: /.test(await by("unknown").innerText()), await by("unknown").innerText());
    expect((await by("attribution").innerText()).trim().length > 20, await by("attribution").innerText());
  });

  await check("the tooltip tells rate, counts and interval", async () => {
    await by("row").first().locator("button").waitFor();
    const spot = await page.locator('[data-testid="area"][data-code="ES"]').evaluate(spotOf);
    expect(spot, "no spot of Spain is in sight");
    await page.mouse.move(spot.x, spot.y);
    await by("tooltip").waitFor();
    const text = await by("tooltip").innerText();
    expect(/Spain/.test(text) && / of /.test(text) && /95 % interval/.test(text), text);
    await page.mouse.move(2, 2);
  });

  await check("count puts the most errors first, rate goes back", async () => {
    const before = (await rows()).map((row) => row.code).join();
    await by("metric-count").click();
    await eventually("not ordered by errors", async () => {
      const counts = (await rows()).map((row) => row.k);
      const inOrder = counts.every((k, idx) => idx === 0 || counts[idx - 1] >= k);
      return (inOrder && (await by("table").getAttribute("data-order")) === "count") || counts.slice(0, 5);
    });
    expect((await rows()).map((row) => row.code).join() !== before, "the order did not change");
    expect(page.url().includes("metric=count"), page.url());
    await by("metric-rate").click();
    await eventually("Spain is not first again", () => firstIs("ES"));
  });

  await check("the last hour: Germany is first", async () => {
    await by("view-hour").click();
    await eventually("Germany is not first", () => firstIs("DE"));
    expect(page.url().includes("view=hour"), page.url());
  });

  await check("the difference: Germany got worse, and certainly", async () => {
    await by("view-difference").click();
    await eventually("Germany is not first", async () => {
      const [first] = await rows();
      return (first?.code === "DE" && first.change > 0) || first;
    });
    expect(/Germany got worse/.test(await by("summary").innerText()), await by("summary").innerText());
    // Of one colour they would cover Germany with "better".
    const paints = (await by("bubbles").getAttribute("data-paints")).split(",");
    expect(paints.includes("outline") && !paints.includes(""), paints.join());
  });

  let region = "";
  await check("Germany opens into regions, a region into cities", async () => {
    await page.locator('[data-testid="row"][data-code="DE"] button').click();
    await eventually("no regions", async () => (await rows()).some((row) => row.code?.startsWith("DE-")));
    expect(/Germany/.test(await by("trail").innerText()), await by("trail").innerText());
    expect((await by("area").count()) >= 16, `${await by("area").count()} areas`);
    region = await by("row")
      .filter({ has: page.locator("button") })
      .first()
      .getAttribute("data-code");
    await page.locator(`[data-testid="row"][data-code="${region}"] button`).click();
    await eventually("no cities", async () => {
      const codes = (await rows()).map((row) => row.code);
      return (codes.length > 0 && codes.every((code) => !code?.startsWith("DE-"))) || codes.slice(0, 5);
    });
    expect(Number(await by("bubbles").getAttribute("data-count")) > 0, "no city is drawn");
    expect(page.url().includes(`place=DE/${region}`), page.url());
  });

  await check("Back goes to the regions, Esc to the world", async () => {
    await page.goBack();
    await eventually("no regions", async () => (await rows()).some((row) => row.code === region));
    await page.keyboard.press("Escape");
    await eventually("no countries", async () => (await rows()).some((row) => row.code === "ES"));
    expect(!page.url().includes("place="), page.url());
  });

  await check("a click on the map opens the country", async () => {
    const spot = await page
      .locator('[data-testid="area"][data-code="BR"], [data-testid="area"][data-code="US"]')
      .first()
      .evaluate(spotOf);
    await page.mouse.click(spot.x, spot.y);
    await eventually(
      "the place is not in the address",
      async () => /place=(BR|US)/.test(page.url()) || page.url(),
    );
    await page.goBack();
    await eventually("no countries", async () => (await rows()).some((row) => row.code === "ES"));
  });

  await check("the keyboard alone goes down and up", async () => {
    await by("row").locator("button").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await eventually(
      "the place is not in the address",
      async () => /place=[A-Z]{2}/.test(page.url()) || page.url(),
    );
    await settled();
    await page.keyboard.press("Escape");
    await eventually("not back in the world", async () => !page.url().includes("place=") || page.url());
  });

  await check("wheel, keys and buttons zoom, a drag moves, and opening a place shows all of it", async () => {
    await open("/map");
    const k = async () => Number(await by("zoom").getAttribute("data-k"));
    const box = await by("map").boundingBox();
    await page.mouse.move(box.x + box.width * 0.55, box.y + box.height * 0.4);
    await page.mouse.wheel(0, -300);
    await eventually("the wheel does not zoom", async () => (await k()) > 1.5 || (await k()));
    const scene = page.locator('[data-testid="map"] .scene');
    const before = await scene.getAttribute("transform");
    const at = page.url();
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.45, box.y + box.height * 0.5, { steps: 5 });
    await page.mouse.up();
    expect((await scene.getAttribute("transform")) !== before, "a drag does not move it");
    await page.waitForTimeout(400);
    expect(page.url() === at, "a drag opened a place");
    await page.keyboard.press("0");
    expect((await k()) === 1, `${await k()} after 0`);
    await page.keyboard.press("+");
    expect((await k()) === 2, `${await k()} after +`);
    await by("zoom-whole").click();
    expect((await k()) === 1, `${await k()} after the button`);
    await by("zoom-in").click();
    await page.locator('[data-testid="row"][data-code="ES"] button').click();
    await eventually("no regions", async () => (await rows()).some((row) => row.code?.startsWith("ES-")));
    expect((await k()) === 1, `${await k()} in Spain`);
    await page.goBack();
    await eventually("no countries", async () => (await rows()).some((row) => row.code === "DE"));
  });
}
