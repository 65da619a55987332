import { type ErrorData, ErrorDetails, ErrorTypes, Events } from "hls.js";
import { beforeEach, expect, test, vi } from "vitest";
import { play } from "./playback";

type Listener = (event: string, data: Partial<ErrorData>) => void;

/** What the player asked of hls.js, in order. */
let calls: string[] = [];
let listeners: Map<string, Listener>;

vi.mock("hls.js", async (original) => {
  class Engine {
    static isSupported = () => true;
    config = {};
    levels = [{}];
    on = (event: string, listener: Listener) => listeners.set(event, listener);
    loadSource = () => calls.push("loadSource");
    attachMedia = () => calls.push("attachMedia");
    startLoad = () => calls.push("startLoad");
    recoverMediaError = () => calls.push("recoverMediaError");
    destroy = () => calls.push("destroy");
  }
  return { ...(await original<typeof import("hls.js")>()), default: Engine };
});

vi.mock("./qualities", () => ({ offerQualities: () => () => {} }));

beforeEach(() => {
  vi.useFakeTimers();
  listeners = new Map();
  calls = [];
});

function begin({ over = false } = {}) {
  const finished = vi.fn();
  play(new EventTarget() as HTMLVideoElement, {
    url: "index.m3u8",
    counted: () => false,
    playlists: null,
    over: () => over,
    finished,
  });
  calls = [];
  return finished;
}

function fail(type: ErrorTypes, details: ErrorDetails, fatal = true): void {
  listeners.get(Events.ERROR)?.(Events.ERROR, { type, details, fatal });
}

test("what hls.js mends by itself is left to it", () => {
  begin();
  fail(ErrorTypes.MEDIA_ERROR, ErrorDetails.BUFFER_STALLED_ERROR, false);
  vi.advanceTimersByTime(60_000);
  expect(calls).toEqual([]);
});

test("after a decoder error the picture is attached anew, and playlists are asked for again", () => {
  begin();
  fail(ErrorTypes.MEDIA_ERROR, ErrorDetails.BUFFER_APPEND_ERROR);
  expect(calls).toEqual(["recoverMediaError", "startLoad"]);
});

test("after a network error loading begins again, a while later", () => {
  begin();
  fail(ErrorTypes.NETWORK_ERROR, ErrorDetails.LEVEL_LOAD_TIMEOUT);
  expect(calls).toEqual([]);
  vi.advanceTimersByTime(500);
  expect(calls).toEqual(["startLoad"]);
});

test("what nothing else helps against is started over", () => {
  begin();
  fail(ErrorTypes.OTHER_ERROR, ErrorDetails.INTERNAL_EXCEPTION);
  vi.advanceTimersByTime(500);
  expect(calls).toEqual(["destroy", "loadSource", "attachMedia"]);
});

test("an error after the end is the end", () => {
  const finished = begin({ over: true });
  fail(ErrorTypes.NETWORK_ERROR, ErrorDetails.LEVEL_LOAD_ERROR);
  vi.advanceTimersByTime(60_000);
  expect(finished).toHaveBeenCalledOnce();
  expect(calls).toEqual([]);
});
