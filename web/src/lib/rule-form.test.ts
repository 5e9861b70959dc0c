import { expect, test } from "vitest";
import {
  FIELDS,
  KIND_NAMES,
  blankRule,
  fieldOf,
  groupsOf,
  kindFields,
  kindOf,
  limitsOf,
  problemOf,
  readField,
  roundedLimit,
  shownField,
  withColumnsOf,
  withGroup,
  withKind,
  withLimit,
  withOp,
} from "./rule-form";
import { readToml, valueAt } from "./rule-toml";

const TEXT = `id = "a"
title = "5xx rate"

[query]
name = "errors_by_city"
labels = ["country", "city"]
unit = "ratio"

[raise]
op = ">"
at = 0.07

[recover]
op = "<"
at = 0.03
`;
const document = readToml(TEXT);

test("a ratio's limit is shown and written in percent, rounded", () => {
  expect(shownField(document, FIELDS.raise)).toBe("7");
  expect(readField(document, FIELDS.raise, "29")).toBe(0.29);
  expect(readField(document, FIELDS.raise, "4,5")).toBe(0.045);
  expect(readField(document, FIELDS.raise, "much")).toBeUndefined();
  expect(readField(readToml(TEXT.replace("ratio", "count")), FIELDS.raise, "29")).toBe(29);
});

test("lists have commas, what is optional can be emptied", () => {
  expect(shownField(document, FIELDS.labels)).toBe("country, city");
  expect(readField(document, FIELDS.labels, " a, b ,")).toEqual(["a", "b"]);
  expect(readField(document, FIELDS.labels, "")).toEqual([]);
  expect(readField(document, FIELDS.targets, "")).toBeNull();
  expect(readField(document, FIELDS.for, "")).toBeNull();
  expect(readField(document, FIELDS.for, "5 minutes")).toBeUndefined();
  expect(readField(document, FIELDS.every, "")).toBeUndefined();
  expect(readField(document, FIELDS.title, "")).toBe("");
});

test("every kind can be chosen, read back and left again", () => {
  let text = TEXT;
  for (const kind of [...KIND_NAMES, ...KIND_NAMES.toReversed()]) {
    text = withKind(text, kind);
    const document = readToml(text);
    expect(kindOf(document)).toBe(kind);
    for (const { field } of kindFields(kind)) expect(valueAt(document, field.path)).toBeDefined();
  }
  expect(kindOf(document)).toBe("threshold");
  expect(kindOf(readToml("[kind.flatline]\nweeks = 4"))).toBe("flatline");
  expect(withKind("[kind.flatline]\nweeks = 4\n", "frequency")).toBe('kind = "frequency"\n');
  expect(kindOf(readToml('kind = "new one"'))).toBeNull();
});

test("a limit that passes the other takes it along", () => {
  const limits = limitsOf(document);
  if (!limits) throw new Error("no limits");
  expect(limitsOf(readToml(withLimit(TEXT, "raise", 0.02, limits)))).toMatchObject({
    raise: { at: 0.02 },
    recover: { at: 0.02 },
  });
  expect(limitsOf(readToml(withLimit(TEXT, "recover", 0.05, limits)))).toMatchObject({
    raise: { at: 0.07 },
    recover: { at: 0.05 },
  });
  expect(limitsOf(readToml(withOp(TEXT, "<", limits)))).toEqual({
    raise: { op: "<", at: 0.03 },
    recover: { op: ">", at: 0.07 },
  });
  expect(withOp(TEXT, ">=", limits)).toBe(TEXT.replace('">"', '">="'));
  expect(roundedLimit(0.053712)).toBe(0.054);
  expect(roundedLimit(-1)).toBe(0);
});

test("all labels make an incident unless some are named, none make one for the rule", () => {
  expect(groupsOf(document)).toBeNull();
  const fewer = withGroup(TEXT, document, "city", false);
  expect(groupsOf(readToml(fewer))).toEqual(["country"]);
  expect(groupsOf(readToml(withGroup(fewer, readToml(fewer), "country", false)))).toEqual([]);
  expect(groupsOf(readToml(withGroup(fewer, readToml(fewer), "city", true)))).toBeNull();
});

test.each<[string, string | null]>([
  ["min_n is 0: one failure of one request is 100 %", "query.min_n"],
  ["a value between raise (0.01) and recover (0.03) would be both wrong and well", "recover.at"],
  ["raise and recover are the same: a value that swings", "recover.at"],
  ["hold.for is missing: one bad window wakes somebody", "hold.for"],
  ["hold.for is shorter than eval.every: nobody would look in between", "hold.for"],
  ["runbook nowhere is no link and no page of docs/runbooks", "runbook"],
  ["the settings have no target pgaer: incidents open", "route.targets"],
  ["a rule that wakes people names a runbook and a team", "runbook"],
  ["query x has no parameter $from: it cannot be bound", "query.name"],
  ["there is no saved query named errors_by_planet", "query.name"],
  ["label rate moves with the value", "query.labels"],
  ["group_by city is none of the query's labels", "route.group_by"],
  ["inhibits gone, which is no rule", null],
  ["something else", null],
])("%s stands beside %s", (what, path) => {
  expect(fieldOf({ what }, document)).toBe(path);
});

test("the server's word goes before a guess, and a line before words", () => {
  expect(fieldOf({ what: "unit", field: "query.unit" }, document)).toBe("query.unit");
  expect(fieldOf({ what: "unknown field `foo`", line: 11 }, document)).toBe("raise.at");
  expect(fieldOf({ what: "missing field `severity`", line: 1 }, document)).toBe("route.severity");
});

test("of a parser's message the last line is for people", () => {
  const message =
    "rule a: TOML parse error at line 49, column 1\n   |\n49 | foo = 1\n   | ^^^\nunknown field `foo`, expected `at`";
  expect(problemOf(message)).toEqual({ what: "unknown field `foo`, expected `at`", line: 49 });
  expect(problemOf("rule a: hold.for is too short")).toEqual({ what: "hold.for is too short", line: null });
});

test("a blank rule takes the columns of another over the same query", () => {
  const text = withColumnsOf(blankRule("mine"), document);
  expect(valueAt(readToml(text), "query.labels")).toEqual(["country", "city"]);
  expect(valueAt(readToml(text), "query.unit")).toBe("ratio");
});
