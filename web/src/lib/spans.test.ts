import { expect, test } from "vitest";
import { formatSpan, parseSpan, windowOf } from "./spans";
import { DAY, HOUR } from "./windows";

const read = (search: string) => parseSpan(new URLSearchParams(search));

test("the window ends where the data end, unless one was chosen", () => {
  const clock = { end: 10 * DAY, live: true };
  expect(windowOf(read(""), clock)).toEqual({ from: 10 * DAY - HOUR, to: 10 * DAY });
  expect(windowOf(read("last=24h"), clock)).toEqual({ from: 9 * DAY, to: 10 * DAY });
  expect(windowOf(read("from=1&to=2"), clock)).toEqual({ from: 1, to: 2 });
});

test.each(["from=2&to=1", "from=-1&to=5", "from=1&to=99999999999999999", "last=9y", "from=x&to=y"])(
  "%s is as usual",
  (search) => {
    expect(read(search)).toEqual({ last: "1h", window: null });
    expect(formatSpan(read(search))).toEqual({ last: null });
  },
);
