import { expect, test } from "vitest";
import { keyList } from "./key-list";
import { Keys, pageKeys } from "./keys";
import { PAGES } from "./routes";

const stroke = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey", boolean>> = {}) => {
  return { key, ctrlKey: false, metaKey: false, altKey: false, ...held };
};

test("every page has a letter of its own", () => {
  expect([...pageKeys().values()]).toEqual([...PAGES]);
  expect(pageKeys().get("m")).toBe("map");
  expect(pageKeys().get("i")).toBe("incidents");
  expect(pageKeys().get("a")).toBe("alerts");
});

test("g and a letter go to a page, unless too late or with something in between", () => {
  const keys = new Keys();
  expect(keys.action(stroke("g"), 0)).toBeNull();
  expect(keys.action(stroke("i"), 400)).toEqual({ name: "page", page: "incidents" });
  expect(keys.action(stroke("i"), 500)).toBeNull();
  keys.action(stroke("g"), 1000);
  expect(keys.action(stroke("i"), 9000)).toBeNull();
  keys.action(stroke("g"), 10_000);
  expect(keys.action(stroke("v"), 10_100)).toEqual({ name: "twin" });
  expect(keys.action(stroke("m"), 10_200)).toBeNull();
});

test("the palette opens with either key and stays when single keys are off", () => {
  const keys = new Keys();
  expect(keys.action(stroke("k", { ctrlKey: true }), 0, false)).toEqual({ name: "palette" });
  expect(keys.action(stroke("K", { metaKey: true }), 0)).toEqual({ name: "palette" });
  expect(keys.action(stroke("v"), 0, false)).toBeNull();
  expect(keys.action(stroke("r", { ctrlKey: true }), 0)).toBeNull();
  expect(keys.action(stroke("toString"), 0)).toBeNull();
});

test("what is listed is what works", () => {
  const listed = keyList().flatMap(({ keys }) => keys);
  for (const { keys } of listed.filter(
    ({ keys }) => keys.length === 1 && [...(keys[0] ?? "")].length === 1,
  )) {
    const key = (keys[0] ?? "").replace("−", "-");
    if (/[↑↓]/.test(key)) continue;
    expect(new Keys().action(stroke(key), 0), key).not.toBeNull();
  }
});
