// The view in a real browser against a real server over the made-up day: Spain fails all day, Germany in the last
// hour.
//   LOGATLAS_URL  the sign-in link, http://127.0.0.1:PORT/#secret=...
//   CHROMIUM      the browser
//   SCREENSHOT    where the picture of the day goes; none without it
// `node browser/run.mjs lines sql` looks at these only. One line a check, then `N checks passed`; or what failed,
// and exit code 1.
import { asked, kit, launch, tally } from "./kit.mjs";

/** In this order: some begin on the page where the one before ended. */
const CHECKS = [
  "map",
  "overview",
  "filter",
  "hours",
  "treemap",
  "keys",
  "time",
  "taking",
  "window",
  "incidents",
  "live",
  "alerts",
  "alerts-editor",
  "lines",
  "choices",
  "sql",
  "machines",
  "phone",
  "axe",
  "long",
];

const { url, executablePath } = asked();
const browser = await launch(executablePath);
const { check, close } = tally();
const tools = { ...(await kit(browser, url)), check };
const wanted = process.argv.slice(2);
const names = CHECKS.filter((name) => wanted.length === 0 || wanted.includes(name));
for (const name of ["signin", ...names, "signout"]) {
  const { default: run } = await import(`./checks/${name}.mjs`);
  await run(tools);
}

await check("no request left the server, nothing broke the content policy, no error was logged", async () => {
  const { expect, foreign, complaints } = tools;
  expect(foreign.length === 0, foreign.join(" "));
  // Signing out while a refresh runs is answered with 401, which the browser logs.
  const real = complaints.filter((text) => !/status of 401/.test(text));
  expect(real.length === 0, real.join(" | "));
});

await browser.close();
process.exitCode = close();
