import { expect, test } from "vitest";
import { Recovery } from "./recovery";

test("a lost network is tried again, later each time, until media arrives", () => {
  const recovery = new Recovery(() => 1);
  expect(recovery.after("network", 0)).toEqual({ do: "load-again", afterMs: 500 });
  expect(recovery.after("network", 0)).toEqual({ do: "load-again", afterMs: 1_000 });
  recovery.healthy();
  expect(recovery.after("network", 0)).toEqual({ do: "load-again", afterMs: 500 });
});

test("a decoder error is recovered from at once, and a second one soon after starts over", () => {
  const recovery = new Recovery(() => 1);
  expect(recovery.after("media", 1_000)).toEqual({ do: "recover-media" });
  expect(recovery.after("media", 3_000)).toEqual({ do: "start-over", afterMs: 500 });
  expect(recovery.after("media", 60_000)).toEqual({ do: "recover-media" });
});
