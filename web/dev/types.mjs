// The interface's document to TypeScript: `npm run types`. A unit test compares, so that neither goes stale.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const HEAD = "// Written by `npm run types` from tests/golden/openapi.json: do not edit.\n\n";

export const DOCUMENT = new URL("../../tests/golden/openapi.json", import.meta.url);
export const TYPES = new URL("../src/lib/api-types.ts", import.meta.url);

export async function typesOf(document) {
  const ast = await openapiTS(JSON.parse(await readFile(document, "utf8")), { immutable: true });
  return HEAD + astToString(ast);
}

if (process.argv[1] === import.meta.filename) await writeFile(TYPES, await typesOf(DOCUMENT));
