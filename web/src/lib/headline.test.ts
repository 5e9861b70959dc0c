import { expect, test } from "vitest";
import { judge, type Evidence } from "./headline";
import { incident } from "./incidents.sample";

const calm: Evidence = { open: [], answers: true, server: "green", live: true, since: null };
const firing = [incident({ id: "a", opened_at: 500 }), incident({ id: "b", opened_at: 300 })];
const taken = [incident({ acked_at: 9 })];

test.each([
  ["nothing", {}, "fine", "circle"],
  ["more errors than usual", { since: 1 }, "above", "half"],
  ["what somebody has taken", { open: taken, since: 1 }, "taken", "half"],
  ["what nobody has taken", { open: [...taken, ...firing], since: 1 }, "wrong", "diamond"],
  ["no fresh data", { live: false, open: taken }, "noData", "ring"],
  ["no fresh data, and yet something fires", { live: false, open: firing }, "wrong", "diamond"],
  ["rules that nobody looks at", { server: "blue" }, "notLooked", "ring"],
  ["a server that does not answer", { answers: false, open: firing }, "noAnswer", "ring"],
  ["only what is silenced", { open: [incident({ mute: "silenced" })] }, "fine", "circle"],
] as const)("%s is told", (_, evidence, verdict, shape) => {
  expect(judge({ ...calm, ...evidence })).toMatchObject({ verdict, shape });
});

test("it is about those that nobody has taken, since the first of them", () => {
  expect(judge({ ...calm, open: [...taken, ...firing] })).toMatchObject({ incidents: 2, openedAt: 300 });
  expect(judge(calm)).toMatchObject({ incidents: 0, openedAt: null });
});
