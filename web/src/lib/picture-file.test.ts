import { expect, test } from "vitest";
import { escape, framed } from "./picture-file";

const FRAME = {
  title: "Spain",
  lines: ["2.5 % of 61K requests failed."],
  ramp: { title: "Errors / requests", colours: ["#fff", "#000"], labels: ["1 %"] },
  width: 600,
  height: 300,
  ink: "#000",
  soft: "#666",
  ground: "#fff",
};

test("names from logs stay text", () => {
  const svg = framed("<g/>", { ...FRAME, title: '</text><script>alert("x")</script>' });
  expect(svg).not.toContain("<script");
  expect(svg).toContain("&#60;script&#62;");
  expect(escape("a\u0000b\ud800c\ufffe")).toBe("abc");
  expect(escape("Málaga 東京 🚀")).toBe("Málaga 東京 🚀");
});

test("the frame is larger than the picture by title and legend", () => {
  const svg = framed("<g/>", FRAME);
  expect(svg).toMatch(/^<svg xmlns="[^"]+" width="600" height="430"/);
  expect(svg.match(/<rect /g)?.length).toBe(3);
});
