// Frames a second while the map is zoomed and dragged. Against `MANY_CITIES=5000 npm run mock`:
//   CHROMIUM=... LOGATLAS_URL=http://127.0.0.1:7272/#secret=mock node dev/frames.mjs
import { chromium } from "playwright-core";

const { LOGATLAS_URL: url = "http://127.0.0.1:7272/#secret=mock", CHROMIUM: executablePath } = process.env;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
await page.goto(url);
await page.getByTestId("bubbles").waitFor({ timeout: 60_000 });
await page.waitForTimeout(1500);

/** Frames a second, and the longest one, while something is done. */
async function measured(what, act) {
  await page.evaluate(() => {
    window.frames_ = [];
    window.counting = true;
    const count = (t) => {
      window.frames_.push(t);
      if (window.counting) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  await act();
  const times = await page.evaluate(() => {
    window.counting = false;
    return window.frames_;
  });
  const gaps = times.slice(1).map((t, idx) => t - times[idx]);
  const seconds = (times.at(-1) - times[0]) / 1000;
  const p95 = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length * 0.95)];
  console.log(`${what}: ${(gaps.length / seconds).toFixed(0)} frames/s, 95 % within ${p95.toFixed(0)} ms`);
}

const bubbles = await page.getByTestId("bubbles").getAttribute("data-count");
const box = await page.getByTestId("map").boundingBox();
const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
console.log(`${bubbles} bubbles, map ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`);
await page.mouse.move(x, y);
await measured("wheel in", async () => {
  for (let idx = 0; idx < 60; idx += 1) {
    await page.mouse.wheel(0, -14);
    await page.waitForTimeout(16);
  }
});
await measured("drag", async () => {
  await page.mouse.down();
  for (let idx = 0; idx < 90; idx += 1) {
    await page.mouse.move(x + 220 * Math.sin(idx / 9), y + 90 * Math.cos(idx / 7));
    await page.waitForTimeout(16);
  }
  await page.mouse.up();
});
await measured("wheel out", async () => {
  for (let idx = 0; idx < 60; idx += 1) {
    await page.mouse.wheel(0, 14);
    await page.waitForTimeout(16);
  }
});
await browser.close();
