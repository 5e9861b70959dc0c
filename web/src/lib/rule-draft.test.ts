import { expect, test } from "vitest";
import type { Cell } from "./cells";
import { WORLD, parsePlace } from "./places";
import { draftOf, ruleCommand, ruleText } from "./rule-draft";

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

test("the command says what the text says", () => {
  const draft = draftOf(cells, "country", WORLD);
  expect(ruleCommand(draft)).toBe(
    "logatlas rule new 5xx-by-country --query errors_by_country --by country --raise 1.2% --recover 0.72% --for 5m --min-n 200",
  );
  expect(ruleText(draft)).toContain('[raise]\nop = ">"\nat = 0.012\n');
  expect(ruleText(draft)).toContain('labels = ["country"]');
});

test("a place is a parameter, which only the text can hold", () => {
  const draft = draftOf(cells, "city", parsePlace("ES/ES-MD"));
  expect(draft.id).toBe("5xx-es-es-md-by-city");
  expect(ruleText(draft)).toContain('params = { country = "ES", region = "ES-MD" }');
  expect(ruleCommand(draft)).toBeNull();
});
