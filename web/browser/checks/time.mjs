// The time-lapse, and the zone in which times are shown.

export default async function ({ page, check, expect, eventually, by, open, pressed }) {
  await check("the time-lapse plays the window in steps that are its parts", async () => {
    await open("/map");
    await by("lapse-open").click();
    await eventually("it is not there", async () => (await by("lapse").getAttribute("data-ready")) === "true");
    const n = async () => by("totals").evaluate(({ dataset }) => +dataset.n);
    await eventually("it does not play", async () => Number(await by("lapse").getAttribute("data-step")) > 0);
    await by("lapse-play").click();
    const part = await n();
    await by("lapse-close").click();
    await eventually("the whole is not back", async () => (await n()) > part || [await n(), part]);
  });

  await check("times are in UTC, here, or there, and the choice stays", async () => {
    await open("/map?place=JP");
    const from = async () => (await by("from").inputValue()).slice(11);
    const utc = await by("from").inputValue();
    await by("zone-place").click();
    const shifted =
      Date.parse(`${(await by("from").inputValue()).replace(" ", "T")}Z`) -
      Date.parse(`${utc.replace(" ", "T")}Z`);
    expect(Math.abs(shifted - 9 * 3_600_000) <= 60_000, `${shifted / 3_600_000} h, ${await from()}`);
    expect(/Tokyo time/.test(await by("window").innerText()), await by("window").innerText());
    await page.reload();
    await by("table").waitFor();
    await eventually("the choice is gone", async () => pressed("zone-place"));
    await by("zone-utc").click();
    expect(/UTC/.test(await by("window").innerText()), await by("window").innerText());
  });
}
