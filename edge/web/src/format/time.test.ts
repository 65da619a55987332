import { expect, test } from "vitest";
import { duration, figure, fromLocalInput, relative } from "./time";

test("durations read as a clock", () => {
  expect([0, 59.9, 61, 3_600, 3_723].map(duration)).toEqual(["0:00", "0:59", "1:01", "1:00:00", "1:02:03"]);
  expect(duration(-4)).toBe("0:00");
});

test("times are told from now", () => {
  const now = new Date("2026-11-20T18:00:00Z");
  const tell = (iso: string) => relative(iso, now, "en");
  expect(tell("2026-11-20T18:00:20Z")).toBe("now");
  expect(tell("2026-11-20T17:55:00Z")).toBe("5 minutes ago");
  expect(tell("2026-11-20T20:30:00Z")).toBe("in 2 hours");
  expect(tell("2026-11-21T19:00:00Z")).toBe("tomorrow");
});

test("figures are short", () => {
  expect([7, 999, 1_234, 2_500_000].map((count) => figure(count, "en"))).toEqual(["7", "999", "1.2K", "2.5M"]);
});

test("a local time of a form becomes UTC, and an empty one nothing", () => {
  expect(fromLocalInput("2026-11-21T18:30")).toBe(new Date(2026, 10, 21, 18, 30).toISOString());
  expect(fromLocalInput("")).toBeNull();
  expect(fromLocalInput("soon")).toBeNull();
});
