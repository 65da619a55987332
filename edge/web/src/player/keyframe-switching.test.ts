import { describe, expect, test } from "vitest";
import { canChangeAfter, type PartPlace } from "./keyframe-switching";

/** Two segments of three parts each, and the first part of a third. */
const listed: PartPlace[] = [4, 4, 4, 5, 5, 5, 6].map((sn, n) => ({ sn, index: n % 3, independent: n % 3 === 0 }));

describe("the rendition changes", () => {
  test("at the first part of a segment", () => {
    expect(canChangeAfter({ sn: 4, index: 2 }, listed)).toBe(true);
    expect(canChangeAfter({ sn: 5, index: 2 }, listed)).toBe(true);
  });

  test("not within a segment, nor before it is known what comes", () => {
    expect(canChangeAfter({ sn: 5, index: 0 }, listed)).toBe(false);
    expect(canChangeAfter({ sn: 6, index: 0 }, listed)).toBe(false);
    expect(canChangeAfter({ sn: 6, index: 0 }, [])).toBe(false);
  });

  test("at a keyframe within a segment", () => {
    const more = [...listed, { sn: 6, index: 1, independent: true }];
    expect(canChangeAfter({ sn: 6, index: 0 }, more)).toBe(true);
  });

  test("when what was loaded has long left the list", () => {
    expect(canChangeAfter({ sn: 1, index: 1 }, listed)).toBe(true);
  });
});
