// Signing in by the link of the terminal.

export default async function ({ page, url, check, expect, by }) {
  await check("the link signs in and leaves the address", async () => {
    await page.goto(url);
    await by("table").waitFor();
    expect(!page.url().includes("secret"), page.url());
    expect(new URL(page.url()).pathname === "/map", page.url());
  });
}
