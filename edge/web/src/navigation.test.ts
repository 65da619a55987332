import { expect, test } from "vitest";
import { returnPath } from "./navigation";

const ORIGIN = "https://live.example";

test("signing in leads back to where one was", () => {
  expect(returnPath("?next=%2Fwatch%2Fstream_1%3Fa%3Db", ORIGIN)).toBe("/watch/stream_1?a=b");
  expect(returnPath("", ORIGIN)).toBe("/");
});

test("signing in never leads away from us", () => {
  for (const next of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "http://[",
  ]) {
    expect(returnPath(`?${new URLSearchParams({ next })}`, ORIGIN)).toBe("/");
  }
});
