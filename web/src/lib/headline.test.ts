import { expect, test } from "vitest";
import { endedIn, judge, type Evidence } from "./headline";
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

test.each([
  [{ opened_at: 100, closed_at: 300 }, true, "within"],
  [{ opened_at: 390, closed_at: 900 }, true, "closed after it"],
  [{ opened_at: 1, closed_at: 100 }, false, "closed before it"],
  [{ opened_at: 400, closed_at: 900 }, false, "opened after it"],
  [{ opened_at: 200, closed_at: null }, false, "still open"],
  [{ opened_at: 200, closed_at: 300, bundle: "b" }, false, "told in a bundle"],
] as const)("%o belongs to what was above: %o, %s", (change, belongs, _) => {
  expect(endedIn([incident(change)], { from: 100, to: 400 })).toHaveLength(belongs ? 1 : 0);
});

test("the most severe of what ended comes first", () => {
  const one = (id: string, severity: "warning" | "critical") =>
    incident({ id, severity, opened_at: 1, closed_at: 9 });
  const ended = endedIn([one("a", "warning"), one("b", "critical")], { from: 0, to: 5 });
  expect(ended.map(({ id }) => id)).toEqual(["b", "a"]);
});
