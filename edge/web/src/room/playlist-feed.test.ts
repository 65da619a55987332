import { expect, test, vi } from "vitest";
import { PlaylistFeed, type PlaylistText } from "./playlist-feed";

function begin() {
  const watch = vi.fn();
  const feed = new PlaylistFeed(watch);
  const taken: (PlaylistText | null)[] = [];
  const next = (rendition: string, seen: number | null = null) =>
    feed.next("level", rendition, seen, (playlist) => taken.push(playlist));
  return { feed, watch, taken, next };
}

test("a playlist comes whole, then as edits, and each newer text is handed over once", () => {
  const { feed, watch, taken, next } = begin();
  feed.opened();
  next("video");
  expect(watch).toHaveBeenLastCalledWith(["video"]);
  feed.received([{ rendition: "video", text: "a\nb\nc\nd\n" }]);
  expect(taken[0]?.text).toBe("a\nb\nc\nd\n");
  next("video", taken[0]?.version);
  expect(taken).toHaveLength(1);
  feed.received([
    {
      rendition: "video",
      edits: [
        { at: 0, remove: 1, insert: ["A", "A2"] },
        { at: 3, remove: 1, insert: [] },
        { at: 4, remove: 0, insert: ["e"] },
      ],
    },
  ]);
  expect(taken[1]?.text).toBe("A\nA2\nb\nc\ne\n");
  feed.received([{ rendition: "video", edits: [] }]);
  expect(taken).toHaveLength(2);
});

test("another picture is watched in place of the one before, beside the sound", () => {
  const { feed, watch, next } = begin();
  feed.opened();
  next("video");
  feed.next("audioTrack", "audio", null, () => {});
  next("480p");
  expect(watch.mock.calls.map(([renditions]) => renditions)).toEqual([
    ["video"],
    ["video", "audio"],
    ["480p", "audio"],
  ]);
});

test("a socket that goes leaves nobody waiting, and is asked again when it is back", () => {
  const { feed, watch, taken, next } = begin();
  feed.opened();
  next("video");
  feed.closed();
  expect(taken).toEqual([null]);
  next("video");
  expect(taken).toEqual([null, null]);
  feed.opened();
  expect(watch).toHaveBeenLastCalledWith(["video"]);
});

test("edits of what is not known are of no use", () => {
  const { feed, taken, next } = begin();
  feed.opened();
  next("video");
  feed.received([{ rendition: "video", edits: [{ at: 0, remove: 0, insert: ["x"] }] }]);
  expect(taken).toEqual([]);
});

test("who gives up is told nothing", () => {
  const { feed, taken, next } = begin();
  feed.opened();
  next("video")();
  feed.received([{ rendition: "video", text: "a" }]);
  expect(taken).toEqual([]);
});
