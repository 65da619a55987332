import { expect, test } from "vitest";
import { backoff } from "./backoff";

test("waits longer each time, up to a bound", () => {
  const longest = Array.from({ length: 10 }, (_, attempt) => backoff(attempt, () => 1));
  expect(longest).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000, 20_000]);
});

test("chance spreads each wait over its later half, so that a crowd does not come back at once", () => {
  expect(backoff(3, () => 0)).toBe(2_000);
  expect(backoff(3, () => 0.5)).toBe(3_000);
  expect(backoff(3, () => 1)).toBe(4_000);
});
