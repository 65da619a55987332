import { expect, test } from "vitest";
import { routeOf } from "./router";

test("an overlay stands alone, and nothing else does", () => {
  expect(routeOf("/overlay/stream_1").bare).toBe(true);
  for (const path of ["/", "/watch/stream_1", "/overlay", "/overlay/stream_1/more"]) {
    expect(routeOf(path).bare).toBeUndefined();
  }
});
