import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { TomlError, pathAtLine, readToml, valueAt, withValue, written } from "./rule-toml";

const TEXT = `# Requests fail.
id = "a"  # stays
title = '5xx "rate"'

[query]
name = "errors_by_country"
labels = [
  "country", # where
  "host",
]
params = { country = "ES", n = 1_000 }

[raise]
op = ">"
at = 0.05

[kind.spike]
weeks = 4

[[inhibits]]
rule = "b"
equal = ["country"]
`;

test("values are read wherever they stand", () => {
  const document = readToml(TEXT);
  expect(valueAt(document, "title")).toBe('5xx "rate"');
  expect(valueAt(document, "query.labels")).toEqual(["country", "host"]);
  expect(valueAt(document, "query.params.n")).toBe(1000);
  expect(valueAt(document, "kind.spike.weeks")).toBe(4);
  expect(valueAt(document, "inhibits.0.rule")).toBe("b");
  expect(valueAt(document, "query.sample")).toBeUndefined();
});

test.each<[string, unknown]>([
  ['"a\\tb\\u00e9\\\\"', "a\tbé\\"],
  ['"""\none \\\n   two"""', "one two"],
  ["'''it's'''", "it's"],
  ['""""quoted""""', '"quoted"'],
  ["-1e-3", -0.001],
  ["0xff", 255],
  ["true", true],
  ["2026-11-23 08:00:00Z", "2026-11-23 08:00:00Z"],
  ["{}", {}],
  ["{ a.b = 1 }", { "a.b": 1 }],
])("%s is a value", (text, value) => {
  expect(valueAt(readToml(`x = ${text} # so\n`), "x")).toEqual(value);
});

test.each<[string, number]>([
  ["a = 1\nb = \n", 2],
  ["a = 1 2\n", 1],
  ["a = 1\n\n[b\n", 3],
  ['a = "x\n', 1],
  ["a = [1,\n2\n", 3],
  ["a = word\n", 1],
  ["= 1", 1],
  ['a = "\\q"', 1],
])("%j is none, which line %i shows", (text, line) => {
  const error = (() => {
    try {
      readToml(text);
      return null;
    } catch (error) {
      return error;
    }
  })();
  expect(error).toBeInstanceOf(TomlError);
  expect((error as TomlError).line).toBe(line);
});

test("a change touches nothing but its value", () => {
  expect(withValue(TEXT, "id", "z")).toBe(TEXT.replace('"a"  #', '"z"  #'));
  expect(withValue(TEXT, "raise.at", 0.1)).toBe(TEXT.replace("0.05", "0.1"));
  expect(withValue(TEXT, "query.params.country", "PT")).toBe(TEXT.replace('"ES"', '"PT"'));
  expect(withValue(TEXT, "query.labels", ["city"])).toContain('labels = ["city"]\nparams');
});

test("what is new comes last in its table", () => {
  expect(withValue(TEXT, "enabled", false)).toContain("'5xx \"rate\"'\nenabled = false\n\n[query]");
  expect(withValue(TEXT, "query.min_n", 100)).toContain("n = 1_000 }\nmin_n = 100\n\n[raise]");
  expect(withValue(TEXT, "query.params.city", "x")).toContain('{ country = "ES", n = 1_000, city = "x" }');
  expect(withValue(TEXT, "hold.for", "2m").endsWith('\n\n[hold]\nfor = "2m"\n')).toBe(true);
  expect(withValue("# first\n[a]\nb = 1", "id", "x")).toBe('# first\nid = "x"\n[a]\nb = 1');
  expect(withValue("hold = {}\n", "hold.for", "2m")).toBe('hold = { for = "2m" }\n');
  expect(withValue('query.name = "q"', "query.value", "v")).toBe('query.name = "q"\nquery.value = "v"\n');
});

test("what is taken out takes what is below it along", () => {
  expect(withValue(TEXT, "id", null)).toBe(TEXT.replace('id = "a"  # stays\n', ""));
  expect(withValue(TEXT, "kind", null)).toBe(TEXT.replace("[kind.spike]\nweeks = 4\n", ""));
  expect(withValue(TEXT, "query.params.country", null)).toContain("params = { n = 1_000 }");
  expect(withValue(TEXT, "query.params.n", null)).toContain('params = { country = "ES" }');
  expect(withValue(TEXT, "query.labels", null)).toContain('"errors_by_country"\nparams');
  expect(withValue(TEXT, "nothing", null)).toBe(TEXT);
});

test("a line belongs to the key that stands on it", () => {
  const document = readToml(TEXT);
  expect(pathAtLine(document, 2)).toBe("id");
  expect(pathAtLine(document, 8)).toBe("query.labels");
  expect(pathAtLine(document, 4)).toBeNull();
});

test("what is written reads the same", () => {
  for (const value of ["a\n\"\u0001\u007f", 0.1 + 0.2, 1e-9, 12, false, ["a", 1], { a: { b: ["c"] } }, {}])
    expect(valueAt(readToml(`x = ${written(value)}`), "x")).toEqual(value);
});

test("every shipped rule is read, and set to what it says it stays as it is", () => {
  const folder = new URL("../../../queries/alerts/", import.meta.url);
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".toml"))) {
    const text = readFileSync(new URL(name, folder), "utf8");
    const { entries } = readToml(text);
    expect(entries.length).toBeGreaterThan(10);
    for (const { path, value } of entries.filter(({ value }) => typeof value !== "object"))
      expect(withValue(text, path, value)).toBe(text);
  }
});
