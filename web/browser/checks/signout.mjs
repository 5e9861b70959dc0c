// Signing out.

export default async function ({ page, check, by, open }) {
  await check("signing out ends it", async () => {
    await open("/map");
    await page.getByRole("button", { name: "Sign out" }).click();
    await by("sign-in").waitFor();
  });
}
