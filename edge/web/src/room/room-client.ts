import type { ClientFrame, ErrorEvent, RoomSettings, ServerFrame, StreamStatus, Welcome, You } from "../api/types";
import { backoff } from "../backoff";
import { type ChatEntry, ChatLog } from "./chat-log";

/** What the shell must do after an input. */
export type Effect =
  | { do: "send"; frame: ClientFrame }
  | { do: "reconnect"; afterMs: number }
  | { do: "tell"; error: ErrorEvent }
  | { do: "reactions"; counts: Readonly<Record<string, number>> };

/** `lost` comes back by itself; `over` does not. */
export type Phase = "connecting" | "open" | "lost" | "over";

/** What a page shows of a room. */
export interface RoomView {
  phase: Phase;
  you: You | null;
  /** `null` until the room has told. */
  title: string | null;
  status: StreamStatus | null;
  since: string | null;
  viewerCount: number | null;
  settings: RoomSettings | null;
  entries: readonly ChatEntry[];
}

/** Close codes of the room's socket that change what we do; all others are a lost connection. */
const CLOSED_REMOVED = 4403;
const CLOSED_TOO_FAST = 4429;

/** A line that is unconfirmed for this long is shown as failed; sent again, it has the same `clientId`. */
const CONFIRM_MS = 15_000;
/** The room tells one line from two by `clientId` for 10 minutes; later than this a line is not sent again by itself. */
const RESEND_MS = 9 * 60_000;

export interface RoomPorts {
  random(): number;
  newId(): string;
}

/**
 * One viewer's side of a room, without a socket or a clock: inputs come with the time, and what is to be done goes out
 * as effects. It resumes by `epoch` and `lastSeq`, takes no event twice, and sends its own unconfirmed lines again.
 */
export class RoomClient {
  #phase: Phase = "connecting";
  #attempt = 0;
  #epoch: string | null = null;
  #lastSeq = 0;
  #you: You | null = null;
  #title: string | null = null;
  #status: StreamStatus | null = null;
  #since: string | null = null;
  #viewerCount: number | null = null;
  #settings: RoomSettings | null = null;
  readonly #log = new ChatLog();
  readonly #times = new Map<string, { written: number; sent: number }>();

  constructor(
    private readonly streamId: string,
    private readonly ports: RoomPorts,
  ) {}

  get view(): RoomView {
    return {
      phase: this.#phase,
      you: this.#you,
      title: this.#title,
      status: this.#status,
      since: this.#since,
      viewerCount: this.#viewerCount,
      settings: this.#settings,
      entries: this.#log.entries,
    };
  }

  /** The socket is open. */
  opened(): Effect[] {
    const resume = this.#epoch === null ? {} : { lastSeq: this.#lastSeq, epoch: this.#epoch };
    return [{ do: "send", frame: { type: "JOIN_STREAM", data: { streamId: this.streamId, ...resume } } }];
  }

  /** A frame came. */
  received(frame: ServerFrame, now: number): Effect[] {
    if (frame.type === "BATCH") return frame.data.events.flatMap((event) => this.received(event, now));
    if (typeof frame.seq === "number") {
      if (frame.seq <= this.#lastSeq) return [];
      this.#lastSeq = frame.seq;
    }
    switch (frame.type) {
      case "WELCOME":
        return this.#welcome(frame.data, now);
      case "NEW_MESSAGE":
        this.#add(frame);
        return [];
      case "NEW_REACTION":
        return [{ do: "reactions", counts: frame.data.counts }];
      case "VIEWER_COUNT_UPDATE":
        this.#viewerCount = frame.data.viewerCount;
        return [];
      case "STREAM_STATUS_UPDATE":
        this.#status = frame.data.status;
        this.#since = frame.data.timestamp;
        return [];
      case "SKIPPED":
        this.#log.skip(frame.data.fromSeq, frame.data.count);
        this.#lastSeq = Math.max(this.#lastSeq, frame.data.toSeq);
        return [];
      case "ERROR":
        return this.#refused(frame.data);
      default:
        // A newer server may say more than this page knows.
        return [];
    }
  }

  /** The socket closed, or could not be opened. */
  closed(code: number | null): Effect[] {
    if (code === CLOSED_REMOVED) {
      this.#phase = "over";
      return [];
    }
    this.#phase = "lost";
    if (code === CLOSED_TOO_FAST) this.#attempt = Math.max(this.#attempt, 3);
    const afterMs = backoff(this.#attempt, this.ports.random);
    this.#attempt += 1;
    return [{ do: "reconnect", afterMs }];
  }

  /** Time went by. */
  tick(now: number): void {
    for (const line of this.#log.unconfirmed) {
      const { clientId } = line;
      if (line.state !== "sending" || clientId === null || this.#phase !== "open") continue;
      if (now - (this.#times.get(clientId)?.sent ?? 0) >= CONFIRM_MS) this.#log.mark(clientId, "failed", null);
    }
  }

  /** Writes a line; it stands in the chat at once. */
  write(text: string, now: number): Effect[] {
    if (this.#you === null) return [];
    const clientId = this.ports.newId();
    const { userId, username } = this.#you;
    this.#log.ahead({ userId, username, text, at: new Date(now).toISOString(), clientId });
    this.#times.set(clientId, { written: now, sent: now });
    return this.#phase === "open" ? [this.#sendMessage(text, clientId)] : [];
  }

  /** Sends a failed line again. */
  retry(clientId: string, now: number): Effect[] {
    const line = this.#log.mark(clientId, "sending", null);
    if (!line) return [];
    this.#times.set(clientId, { written: this.#times.get(clientId)?.written ?? now, sent: now });
    return this.#phase === "open" ? [this.#sendMessage(line.text, clientId)] : [];
  }

  discard(clientId: string): void {
    this.#times.delete(clientId);
    this.#log.discard(clientId);
  }

  react(reaction: string): Effect[] {
    if (this.#phase !== "open" || this.#you === null) return [];
    return [{ do: "send", frame: { type: "SEND_REACTION", data: { streamId: this.streamId, reaction } } }];
  }

  #welcome(welcome: Welcome, now: number): Effect[] {
    this.#phase = "open";
    this.#attempt = 0;
    this.#you = welcome.you ?? null;
    this.#title = welcome.stream.title;
    this.#status = welcome.stream.status;
    this.#since = welcome.stream.actualStartTime ?? null;
    this.#viewerCount = welcome.viewerCount;
    this.#settings = welcome.settings;
    if (!welcome.resumed || welcome.epoch !== this.#epoch) {
      this.#log.restart();
      for (const frame of welcome.history) if (frame.type === "NEW_MESSAGE") this.#add(frame);
      this.#lastSeq = welcome.seq;
    }
    this.#epoch = welcome.epoch;
    return this.#resend(now);
  }

  /** What was on its way when the connection went. The room makes one line of it, should it have arrived. */
  #resend(now: number): Effect[] {
    return this.#log.unconfirmed.flatMap(({ clientId, text, state }) => {
      if (clientId === null || state !== "sending") return [];
      const written = this.#times.get(clientId)?.written ?? now;
      if (this.#you === null || now - written > RESEND_MS) {
        this.#log.mark(clientId, "failed", null);
        return [];
      }
      this.#times.set(clientId, { written, sent: now });
      return [this.#sendMessage(text, clientId)];
    });
  }

  #add({ data }: Extract<ServerFrame, { type: "NEW_MESSAGE" }>): void {
    const mine = this.#you !== null && data.userId === this.#you.userId;
    this.#log.add(data, mine);
    if (mine && typeof data.clientId === "string") this.#times.delete(data.clientId);
  }

  #refused(error: ErrorEvent): Effect[] {
    const line = typeof error.clientId === "string" ? this.#log.mark(error.clientId, "failed", error.code) : undefined;
    if (error.code === "CHAT_DISABLED" && this.#settings) this.#settings = { ...this.#settings, chatEnabled: false };
    // A refused line says so itself.
    return line ? [] : [{ do: "tell", error }];
  }

  #sendMessage(message: string, clientId: string): Effect {
    return { do: "send", frame: { type: "SEND_MESSAGE", data: { streamId: this.streamId, message, clientId } } };
  }
}
