import type { ChatMessage, Code } from "../api/types";

/** A line as it stands in the chat. */
export interface ChatLine {
  kind: "line";
  /** Stays the same when one's own line comes back from the room. */
  key: string;
  /** The room's own id of it, once the room has it. */
  messageId: string | null;
  userId: string;
  username: string;
  text: string;
  at: string;
  badges: readonly string[];
  state: "sent" | "sending" | "failed";
  /** Why it failed; `null` when no answer came. */
  reason: Code | null;
  clientId: string | null;
}

/** Lines that the room left out for us. */
export interface SkippedNote {
  kind: "skipped";
  key: string;
  count: number;
}

export type ChatEntry = ChatLine | SkippedNote;

/** What is kept on the page; older ones go. */
const MOST = 300;

/** What the chat shows, in order; the lines that are still on their way stand last. */
export class ChatLog {
  #settled: ChatEntry[] = [];
  #own: ChatLine[] = [];

  get entries(): readonly ChatEntry[] {
    return [...this.#settled, ...this.#own];
  }

  /** One's own lines that the room has not confirmed. */
  get unconfirmed(): readonly ChatLine[] {
    return this.#own;
  }

  /** A line from the room. `mine` says that we wrote it: then it takes the place of the one we showed ahead. */
  add(message: ChatMessage, mine: boolean): void {
    const clientId = message.clientId ?? null;
    const ahead = mine && clientId !== null ? this.#own.find((line) => line.clientId === clientId) : undefined;
    if (ahead) this.#own = this.#own.filter((line) => line !== ahead);
    if (this.#settled.some((entry) => entry.kind === "line" && entry.messageId === message.messageId)) return;
    this.#append({
      kind: "line",
      key: ahead?.key ?? message.messageId,
      messageId: message.messageId,
      userId: message.userId,
      username: message.username,
      text: message.message,
      at: message.timestamp,
      badges: message.badges ?? [],
      state: "sent",
      reason: null,
      clientId,
    });
  }

  skip(fromSeq: number, count: number): void {
    if (count > 0) this.#append({ kind: "skipped", key: `skipped-${fromSeq}`, count });
  }

  /** Starts over from the room's history; what is on its way stays. */
  restart(): void {
    this.#settled = [];
  }

  /** One's own line, ahead of the room. */
  ahead(line: Pick<ChatLine, "userId" | "username" | "text" | "at"> & { clientId: string }): void {
    this.#own = [
      ...this.#own,
      { ...line, kind: "line", key: line.clientId, messageId: null, badges: [], state: "sending", reason: null },
    ];
  }

  mark(clientId: string, state: "sending" | "failed", reason: Code | null): ChatLine | undefined {
    this.#own = this.#own.map((line) => (line.clientId === clientId ? { ...line, state, reason } : line));
    return this.#own.find((line) => line.clientId === clientId);
  }

  discard(clientId: string): void {
    this.#own = this.#own.filter((line) => line.clientId !== clientId);
  }

  #append(entry: ChatEntry): void {
    this.#settled = [...this.#settled, entry].slice(-MOST);
  }
}
