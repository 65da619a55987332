import { anonymous } from "../api/anonymous";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { ApiError } from "../api/problem";
import { session } from "../api/session";
import type { ClientFrame, ErrorEvent, JoinReply, ServerFrame } from "../api/types";
import { randomId } from "../random-id";
import { PlaylistFeed } from "./playlist-feed";
import { type Effect, RoomClient, type RoomView } from "./room-client";

const BATCHES = "spillway.batch.v1";
/** The server closes a socket that is silent for 15 s. */
const PING_EVERY_MS = 8_000;
const CLOSED_IDLE = 4408;

export interface RoomEvents {
  change: Event;
  /** Rights and URLs, at first and after each reconnect. */
  join: CustomEvent<JoinReply>;
  /** The stream is not there, or the server refused the join for good. */
  gone: CustomEvent<ApiError>;
  tell: CustomEvent<ErrorEvent>;
  reactions: CustomEvent<Readonly<Record<string, number>>>;
}

/** Joins a stream and keeps its room's socket open: the shell around `RoomClient`. */
export class RoomConnection extends EventTarget {
  /** Media playlists, as the room pushes them. */
  readonly playlists = new PlaylistFeed((renditions) => this.#watch(renditions));
  readonly #client: RoomClient;
  readonly #stop = new AbortController();
  #socket: WebSocket | null = null;
  #reconnect: ReturnType<typeof setTimeout> | null = null;
  #ping: ReturnType<typeof setInterval> | null = null;
  #unanswered = false;
  #joining = false;
  #userId = session.user?.id;

  /** `as` nobody, no session is heeded. */
  constructor(
    private readonly streamId: string,
    private readonly as: "me" | "nobody" = "me",
  ) {
    super();
    this.#client = new RoomClient(streamId, { random: Math.random, newId: randomId });
    const { signal } = this.#stop;
    // What ended a wait for the network or for the tab need not be waited out.
    addEventListener("online", () => this.#hurry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry(), { signal });
    if (as === "me") session.addEventListener("change", () => this.#signedInOrOut(), { signal });
  }

  get view(): RoomView {
    return this.#client.view;
  }

  /** While it is, the room counts this viewer by the socket. */
  get open(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  on<K extends keyof RoomEvents>(type: K, listener: (event: RoomEvents[K]) => void): void {
    this.addEventListener(type, listener as EventListener, { signal: this.#stop.signal });
  }

  async connect(): Promise<void> {
    if (this.#joining || this.#socket !== null || this.#stop.signal.aborted) return;
    this.#cancelReconnect();
    this.#joining = true;
    try {
      const caller = this.as === "me" ? api : anonymous;
      const joined = await answer(
        caller.POST("/api/v1/streams/{id}/join", { params: { path: { id: this.streamId } } }),
      );
      if (this.#stop.signal.aborted) return;
      this.#emit("join", joined);
      if (joined.accessGranted && joined.chatUrl) this.#dial(joined.chatUrl);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (error instanceof ApiError && isFinal(error)) this.#emit("gone", error);
      else this.#run(this.#client.closed(null));
    } finally {
      this.#joining = false;
      this.#changed();
    }
  }

  /** Leaves the room for good. */
  leave(): void {
    this.#stop.abort();
    this.#cancelReconnect();
    this.#drop()?.close(1000);
  }

  write(text: string): void {
    this.#run(this.#client.write(text, Date.now()));
  }

  retry(clientId: string): void {
    this.#run(this.#client.retry(clientId, Date.now()));
  }

  discard(clientId: string): void {
    this.#client.discard(clientId);
    this.#changed();
  }

  react(reaction: string): void {
    this.#run(this.#client.react(reaction));
  }

  #dial(url: string): void {
    const socket = new WebSocket(url, [BATCHES]);
    this.#socket = socket;
    socket.onopen = () => {
      this.#run(this.#client.opened());
      this.#ping = setInterval(() => this.#keepAlive(socket), PING_EVERY_MS);
    };
    socket.onmessage = ({ data }) => {
      this.#unanswered = false;
      const frame = typeof data === "string" ? parse(data) : null;
      if (frame?.type === "PLAYLIST_UPDATE") this.playlists.received(frame.data.playlists);
      else if (frame !== null) this.#run(this.#client.received(frame, Date.now()));
      if (frame?.type === "WELCOME") this.playlists.opened();
    };
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #keepAlive(socket: WebSocket): void {
    this.#client.tick(Date.now());
    this.#changed();
    if (this.#unanswered) {
      // The network went without saying so; its own close may come minutes later.
      socket.close();
      this.#closed(null);
      return;
    }
    this.#unanswered = true;
    socket.send("ping");
  }

  #closed(code: number | null): void {
    this.#drop();
    const effects = this.#client.closed(code);
    // A browser holds back the timers of a tab nobody sees, so it falls silent again; it waits to be looked at.
    if (code === CLOSED_IDLE && document.hidden) this.#changed();
    else this.#run(effects);
  }

  #drop(): WebSocket | null {
    const socket = this.#socket;
    this.#socket = null;
    this.#unanswered = false;
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#ping = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    this.playlists.closed();
    return socket;
  }

  #watch(renditions: string[]): void {
    const frame: ClientFrame = { type: "WATCH_PLAYLISTS", data: { streamId: this.streamId, renditions } };
    if (this.open) this.#socket?.send(JSON.stringify(frame));
  }

  #hurry(): void {
    if (this.view.phase === "lost") void this.connect();
  }

  /** Another person, or nobody, is at the page now: the room must know them. */
  #signedInOrOut(): void {
    const userId = session.user?.id;
    if (userId === this.#userId) return;
    this.#userId = userId;
    this.#drop()?.close(1000);
    void this.connect();
  }

  #run(effects: Effect[]): void {
    for (const effect of effects) {
      // What finds no open socket stays unconfirmed and is sent again after the next WELCOME.
      if (effect.do === "send") this.open && this.#socket?.send(JSON.stringify(effect.frame));
      else if (effect.do === "reconnect") this.#reconnectAfter(effect.afterMs);
      else if (effect.do === "tell") this.#emit("tell", effect.error);
      else this.#emit("reactions", effect.counts);
    }
    this.#changed();
  }

  #reconnectAfter(ms: number): void {
    this.#cancelReconnect();
    this.#reconnect = setTimeout(() => void this.connect(), ms);
  }

  #cancelReconnect(): void {
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    this.#reconnect = null;
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }

  #emit<T>(type: keyof RoomEvents, detail: T): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Refusals that no waiting changes. */
function isFinal(error: ApiError): boolean {
  return error.problem.status >= 400 && error.problem.status < 500 && error.code !== "RATE_LIMITED" && !error.signedOut;
}

/** What the server sends is of our own protocol; anything else is let go. */
function parse(text: string): ServerFrame | null {
  if (text === "pong") return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "type" in value && "data" in value
      ? (value as ServerFrame)
      : null;
  } catch {
    return null;
  }
}
