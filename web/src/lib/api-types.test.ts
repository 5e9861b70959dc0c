import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { DOCUMENT, TYPES, typesOf } from "../../dev/types.mjs";

test("the types are those of the interface's document; `npm run types` writes them anew", async () => {
  expect(await readFile(TYPES, "utf8")).toBe(await typesOf(DOCUMENT));
});
