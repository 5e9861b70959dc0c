import { expect, test } from "vitest";
import type { Cell } from "./cells";
import { WORLD, parsePlace } from "./places";
import { readToml, valueAt } from "./rule-toml";
import { draftOf, ruleText } from "./rule-draft";

const cell = (n: number, rate: number) => ({ n, rate }) as Cell;
const cells = [cell(1000, 0.004), cell(5000, 0.0061), cell(300, 0.09), cell(20, 0.9)];

test("the limit is twice the middle rate of places with enough requests", () => {
  expect(draftOf(cells, "country", WORLD)).toMatchObject({ median: 0.0061, raise: 0.012, recover: 0.0072 });
  expect(draftOf([...cells, cell(200, 0.01)], "country", WORLD).median).toBeCloseTo(0.00805);
});

test("without errors or requests there is still a limit", () => {
  expect(draftOf([cell(1000, 0)], "country", WORLD)).toMatchObject({ raise: 0.005, recover: 0.003 });
  expect(draftOf([], "country", WORLD)).toMatchObject({ median: null, raise: 0.005 });
});

test("the text is a rule that says where its limit comes from", () => {
  const text = ruleText(draftOf(cells, "country", WORLD));
  expect(text.split("\n")[0]).toBe(
    "# Half of the places with 200 requests or more fail at 0.61 % or less; this raises at 1.2 %.",
  );
  const document = readToml(text);
  expect(valueAt(document, "raise")).toBeUndefined();
  expect(valueAt(document, "raise.at")).toBe(0.012);
  expect(valueAt(document, "query.labels")).toEqual(["country"]);
});

test("a place is a parameter", () => {
  const draft = draftOf(cells, "city", parsePlace("ES/ES-MD"));
  expect(draft.id).toBe("5xx-es-es-md-by-city");
  expect(ruleText(draft)).toContain('params = { country = "ES", region = "ES-MD" }');
});

test("what is filtered by is a parameter, whatever its letters", () => {
  const draft = draftOf(cells, "country", WORLD, { path: "/checkout", as_org: 'Telefónica "X" de España, S.A.U.' });
  expect(draft.id).toBe("5xx-checkout-telefonica-x-de-espana-s-by-country");
  const document = readToml(ruleText(draft));
  expect(valueAt(document, "query.params")).toEqual({ path: "/checkout", as_org: 'Telefónica "X" de España, S.A.U.' });
});
