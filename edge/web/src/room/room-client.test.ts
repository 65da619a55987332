import { beforeEach, expect, test } from "vitest";
import type { ServerFrame, Welcome } from "../api/types";
import type { ChatLine } from "./chat-log";
import { type Effect, RoomClient } from "./room-client";

const STREAM = "stream_1";
const ME = { userId: "user_me", username: "mira", role: "VIEWER" } as const;
const AT = "2026-11-20T18:00:00.000Z";

let room: RoomClient;
let ids: number;

beforeEach(() => {
  ids = 0;
  room = new RoomClient(STREAM, { random: () => 1, newId: () => `c${ids++}` });
});

function message(seq: number, text: string, own?: string): Extract<ServerFrame, { type: "NEW_MESSAGE" }> {
  return {
    type: "NEW_MESSAGE",
    seq,
    data: {
      messageId: `msg_${seq}`,
      userId: own === undefined ? "user_other" : ME.userId,
      username: own === undefined ? "otto" : ME.username,
      message: text,
      timestamp: AT,
      isSubscriber: false,
      ...(own !== undefined && { clientId: own }),
    },
  };
}

function welcome(change: Partial<Welcome> = {}): ServerFrame {
  return {
    type: "WELCOME",
    data: {
      you: ME,
      stream: { id: STREAM, title: "t", status: "SCHEDULED", creatorId: "user_c", actualStartTime: null },
      viewerCount: 3,
      epoch: "e1",
      seq: 0,
      resumed: false,
      history: [],
      settings: { chatEnabled: true, tipsEnabled: true, delaySeconds: 0 },
      ...change,
    },
  };
}

function enter(change: Partial<Welcome> = {}, now = 0): Effect[] {
  return [...room.opened(), ...room.received(welcome(change), now)];
}

const lines = () => room.view.entries.filter((entry): entry is ChatLine => entry.kind === "line");
const texts = () => lines().map(({ text }) => text);
const sent = (effects: Effect[]) => effects.flatMap((effect) => (effect.do === "send" ? [effect.frame] : []));

test("the first join asks for everything, and shows the room as it is", () => {
  expect(sent(room.opened())).toEqual([{ type: "JOIN_STREAM", data: { streamId: STREAM } }]);
  room.received(welcome({ history: [message(4, "old")], seq: 4 }), 0);
  expect(texts()).toEqual(["old"]);
  expect(room.view).toMatchObject({ phase: "open", you: ME, title: "t", status: "SCHEDULED", viewerCount: 3 });
});

test("state changes by what the room tells", () => {
  enter();
  room.received({ type: "STREAM_STATUS_UPDATE", seq: 1, data: { streamId: STREAM, status: "LIVE", timestamp: AT } }, 0);
  room.received({ type: "VIEWER_COUNT_UPDATE", data: { streamId: STREAM, viewerCount: 9, isIncreasing: true } }, 0);
  expect(room.view).toMatchObject({ status: "LIVE", since: AT, viewerCount: 9 });
});

test("after a drop it resumes with epoch and lastSeq, and what was missed follows without doubles", () => {
  enter({ seq: 4, history: [message(4, "a")] });
  room.received(message(5, "b"), 0);
  room.closed(1006);
  expect(sent(room.opened())).toEqual([{ type: "JOIN_STREAM", data: { streamId: STREAM, lastSeq: 5, epoch: "e1" } }]);
  room.received(welcome({ resumed: true, seq: 7, history: [message(4, "a"), message(5, "b")] }), 0);
  for (const missed of [message(5, "b"), message(6, "c"), message(7, "d")]) room.received(missed, 0);
  expect(texts()).toEqual(["a", "b", "c", "d"]);
});

test("a room with a new epoch starts over, its lower numbers included", () => {
  enter({ seq: 90, history: [message(90, "before")] });
  room.closed(1006);
  room.opened();
  room.received(welcome({ epoch: "e2", seq: 2, history: [message(2, "fresh")] }), 0);
  room.received(message(3, "next"), 0);
  expect(texts()).toEqual(["fresh", "next"]);
});

test("batches are taken in order", () => {
  enter();
  room.received({ type: "BATCH", data: { events: [message(1, "a"), message(2, "b"), message(2, "b")] } }, 0);
  expect(texts()).toEqual(["a", "b"]);
});

test("what the room leaves out is said, and not asked for again", () => {
  enter();
  room.received({ type: "SKIPPED", data: { fromSeq: 1, toSeq: 40, count: 40 } }, 0);
  expect(room.view.entries).toMatchObject([{ kind: "skipped", count: 40 }]);
  room.closed(1006);
  expect(sent(room.opened())).toMatchObject([{ data: { lastSeq: 40 } }]);
});

test("one's own line stands at once, and the room's copy takes its place", () => {
  enter();
  expect(sent(room.write("hello", 0))).toEqual([
    { type: "SEND_MESSAGE", data: { streamId: STREAM, message: "hello", clientId: "c0" } },
  ]);
  const [ahead] = lines();
  expect(ahead).toMatchObject({ text: "hello", state: "sending" });
  room.received(message(1, "hello", "c0"), 0);
  expect(lines()).toMatchObject([{ key: ahead?.key, text: "hello", state: "sent" }]);
});

test("someone else's line with my clientId is not mine", () => {
  enter();
  room.write("hello", 0);
  const forged = message(1, "hello");
  room.received({ ...forged, data: { ...forged.data, clientId: "c0" } }, 0);
  expect(lines().map(({ state }) => state)).toEqual(["sent", "sending"]);
});

test("a refused line is marked with the reason, and can be sent again under the same id", () => {
  enter();
  room.write("hello", 0);
  const told = room.received(
    { type: "ERROR", data: { code: "RATE_LIMITED", message: "", retryAfter: 2, clientId: "c0" } },
    0,
  );
  expect(told).toEqual([]);
  expect(lines()).toMatchObject([{ state: "failed", reason: "RATE_LIMITED" }]);
  expect(sent(room.retry("c0", 5_000))).toMatchObject([{ data: { message: "hello", clientId: "c0" } }]);
  expect(lines()).toMatchObject([{ state: "sending" }]);
});

test("an error about no line is told", () => {
  enter();
  const error = { code: "RATE_LIMITED", message: "slow down", retryAfter: 1 } as const;
  expect(room.received({ type: "ERROR", data: error }, 0)).toEqual([{ do: "tell", error }]);
});

test("lines written while the connection is lost go out after the next welcome", () => {
  enter();
  room.write("on its way", 0);
  room.closed(1006);
  expect(room.write("while away", 1_000)).toEqual([]);
  expect(sent(enter({ resumed: true }, 2_000)).slice(1)).toMatchObject([
    { data: { message: "on its way", clientId: "c0" } },
    { data: { message: "while away", clientId: "c1" } },
  ]);
});

test("a line too old for the room to know it again is left to the writer", () => {
  enter();
  room.write("hello", 0);
  room.closed(1006);
  expect(sent(enter({ resumed: true }, 11 * 60_000)).slice(1)).toEqual([]);
  expect(lines()).toMatchObject([{ state: "failed", reason: null }]);
});

test("a line that is never confirmed fails, but not while the connection is lost", () => {
  enter();
  room.write("hello", 0);
  room.tick(14_000);
  expect(lines()).toMatchObject([{ state: "sending" }]);
  room.tick(15_000);
  expect(lines()).toMatchObject([{ state: "failed" }]);
  room.retry("c0", 16_000);
  room.closed(1006);
  room.tick(60_000);
  expect(lines()).toMatchObject([{ state: "sending" }]);
});

test("a discarded line is gone", () => {
  enter();
  room.write("hello", 0);
  room.discard("c0");
  expect(lines()).toEqual([]);
});

test("lost connections are tried again with growing waits, which a welcome ends", () => {
  const waits = [1006, 4503, 4408, null].map((code) => room.closed(code));
  expect(waits.flat()).toEqual([500, 1_000, 2_000, 4_000].map((afterMs) => ({ do: "reconnect", afterMs })));
  enter();
  expect(room.closed(1006)).toEqual([{ do: "reconnect", afterMs: 500 }]);
});

test("one who was too fast waits longer, and one who was removed stays out", () => {
  expect(room.closed(4429)).toEqual([{ do: "reconnect", afterMs: 4_000 }]);
  expect(room.closed(4403)).toEqual([]);
  expect(room.view.phase).toBe("over");
});

test("anonymous readers write nothing", () => {
  enter({ you: null });
  expect(room.write("hello", 0)).toEqual([]);
  expect(room.react("🔥")).toEqual([]);
  expect(texts()).toEqual([]);
});

test("what a newer server says beyond this protocol is let go", () => {
  enter();
  const unknown = { type: "NEW_GIFT", seq: 1, data: {} } as unknown as ServerFrame;
  expect(room.received(unknown, 0)).toEqual([]);
});

test("an old chat is cut to what a page can hold", () => {
  enter();
  for (let seq = 1; seq <= 400; seq += 1) room.received(message(seq, String(seq)), 0);
  expect(texts()).toHaveLength(300);
  expect(texts().at(-1)).toBe("400");
});
