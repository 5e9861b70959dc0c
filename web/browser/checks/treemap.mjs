// The treemap: the same cells as the table, by their share of the errors.

export default async function ({ page, check, expect, eventually, by, open, rows }) {
  await check("treemap, map and table add up to the same", async () => {
    await open("/map");
    const sums = () =>
      page.evaluate(() => {
        const sum = (testid) => {
          const total = { n: 0, k: 0 };
          for (const { dataset } of document.querySelectorAll(`[data-testid="${testid}"]`)) {
            total.n += Number(dataset.n);
            total.k += Number(dataset.k ?? 0);
          }
          return total;
        };
        const [patches, without, rows, totals] = ["patch", "without", "row", "totals"].map(sum);
        return { map: { n: patches.n + without.n, k: patches.k + without.k }, rows, totals };
      });
    for (const place of ["", "place=ES"]) {
      await open(`/map?${place}`);
      await page.keyboard.press("v");
      await eventually("the sums differ", async () => {
        const { map, rows, totals } = await sums();
        const same = [rows, totals].every(({ n, k }) => n === map.n && k === map.k);
        return (same && map.n > 0) || { map, rows, totals };
      });
      expect(page.url().includes("as=treemap"), page.url());
      // Each patch is a row with the same numbers.
      const odd = await page.evaluate(
        () =>
          [...document.querySelectorAll('[data-testid="patch"][data-code]')].filter(({ dataset }) => {
            const row = document.querySelector(`[data-testid="row"][data-code="${CSS.escape(dataset.code)}"]`);
            return row?.dataset.n !== dataset.n || row?.dataset.k !== dataset.k;
          }).length,
      );
      expect(odd === 0, `${odd} patches differ from their row`);
    }
  });

  await check("the area of a patch is its share of the errors", async () => {
    const worst = await page.evaluate(() => {
      const patches = [...document.querySelectorAll('[data-testid="patch"]')].map((path) => {
        const points = path
          .getAttribute("d")
          .slice(1, -1)
          .split("L")
          .map((point) => point.split(",").map(Number));
        const twice = points.reduce((sum, [ax, ay], idx) => {
          const [bx, by] = points[(idx + 1) % points.length];
          return sum + ax * by - bx * ay;
        }, 0);
        return { area: Math.abs(twice) / 2, k: Number(path.dataset.k) };
      });
      const sum = (what) => patches.reduce((total, patch) => total + patch[what], 0);
      const [area, k] = [sum("area"), sum("k")];
      // Corners are written to a hundredth of a pixel, which is much of a patch of a few pixels.
      return Math.max(
        ...patches
          .filter((patch) => patch.area > 60)
          .map((patch) => Math.abs((patch.area * k) / (area * patch.k) - 1)),
      );
    });
    expect(worst < 0.01, `${(worst * 100).toFixed(2)} %`);
  });

  await check("the treemap opens a place, and Back closes it", async () => {
    await open("/map?as=treemap");
    const patch = page.locator('[data-testid="patch"][data-code="ES"]');
    await patch.waitFor();
    await patch.click();
    await eventually("no regions", async () => (await rows()).some((row) => row.code?.startsWith("ES-")));
    expect(/as=treemap/.test(page.url()) && /place=ES/.test(page.url()), page.url());
    await eventually(
      "no regions in it",
      async () => (await by("patch").count()) > 3 || (await by("patch").count()),
    );
    await page.goBack();
    await eventually("no countries", async () => (await rows()).some((row) => row.code === "DE"));
    await page.locator('[data-testid="patch"][data-code="ES"]').waitFor();
  });
}
