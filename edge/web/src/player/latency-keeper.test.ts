import { expect, test } from "vitest";
import { LatencyKeeper } from "./latency-keeper";

const HOLD_BACK = 0.75;

function rates(keeper: LatencyKeeper, latency: number, now = 0, buffered = 0.7) {
  return keeper.rate({ latency, holdBack: HOLD_BACK, buffered }, now);
}

test("a picture that is late goes faster, one that is early slower, and one that is there is left alone", () => {
  const keeper = new LatencyKeeper();
  expect(rates(keeper, 0.75)).toBe(1);
  expect(rates(keeper, 1)).toBe(1.05);
  expect(rates(keeper, 2.5)).toBe(1.1);
  expect(rates(keeper, 0.5)).toBe(0.97);
});

test("a picture without reserve is not hurried", () => {
  expect(rates(new LatencyKeeper(), 1.2, 0, 0.3)).toBe(1);
});

test("someone who has gone back is left there", () => {
  expect(rates(new LatencyKeeper(), 30)).toBe(1);
});

test("each stall moves the target away, and calm brings it back", () => {
  const keeper = new LatencyKeeper();
  const target = () => keeper.target({ latency: 0, holdBack: HOLD_BACK, buffered: 0 });
  keeper.stalled(0);
  keeper.stalled(100);
  expect(target()).toBeCloseTo(1.35);
  for (let now = 0; now <= 30_200; now += 100) rates(keeper, 1, now);
  expect(target()).toBeCloseTo(1.15);
  for (let n = 0; n < 50; n++) keeper.stalled(31_000);
  expect(target()).toBeCloseTo(2.75);
});
