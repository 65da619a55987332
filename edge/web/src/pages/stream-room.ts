import type { ReactiveController, ReactiveControllerHost } from "lit";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { wordsFor } from "../api/problem";
import type { JoinReply, Stream, StreamStatus } from "../api/types";
import { toast } from "../components/toasts";
import { RoomConnection } from "../room/room-connection";

interface Host extends ReactiveControllerHost {
  streamId: string;
}

/** What a page about one stream stands on: the stream as it was loaded, and its room, which tells what changes. */
export class StreamRoom implements ReactiveController {
  stream: Stream | null = null;
  failure: unknown = null;
  joined: JoinReply | null = null;
  #connection: RoomConnection | null = null;
  #told: StreamStatus | null = null;

  constructor(
    private readonly host: Host,
    private readonly statusChanged: (before: StreamStatus, now: StreamStatus) => void = () => {},
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    const connection = new RoomConnection(this.host.streamId);
    this.#connection = connection;
    connection.on("change", () => this.#roomChanged());
    connection.on("join", ({ detail }) => {
      this.joined = detail;
    });
    connection.on("gone", ({ detail }) => {
      this.failure ??= detail;
    });
    connection.on("tell", ({ detail }) => toast(wordsFor(detail.code, detail.message), "problem"));
    this.again();
  }

  hostDisconnected(): void {
    this.#connection?.leave();
  }

  get connection(): RoomConnection | null {
    return this.#connection;
  }

  /** Until the room has told, what was loaded holds; afterwards the room is newer. */
  get status(): StreamStatus | null {
    return this.#connection?.view.status ?? this.stream?.status ?? null;
  }

  get viewers(): number {
    return this.#connection?.view.viewerCount ?? this.stream?.stats.viewerCount ?? 0;
  }

  /** Since when it is live. */
  get since(): string | null {
    return this.#connection?.view.since ?? this.stream?.actualStartTime ?? null;
  }

  /** Whether the room counts this viewer by its socket. */
  readonly counted = (): boolean => this.#connection?.open ?? false;

  /** Loads and joins; also after a failure or a refusal. */
  readonly again = (): void => {
    void this.load();
    void this.#connection?.connect();
  };

  async load(): Promise<void> {
    try {
      const call = api.GET("/api/v1/streams/{id}", { params: { path: { id: this.host.streamId } } });
      this.loaded(await answer(call));
    } catch (error) {
      this.failure = error;
      this.host.requestUpdate();
    }
  }

  /** Takes a newer state of the stream. */
  loaded(stream: Stream): void {
    this.stream = stream;
    this.failure = null;
    this.host.requestUpdate();
  }

  #roomChanged(): void {
    const now = this.#connection?.view.status ?? null;
    if (now !== null && now !== this.#told) {
      const before = this.#told ?? this.stream?.status;
      this.#told = now;
      if (before !== undefined && before !== now) {
        this.statusChanged(before, now);
        // Its times and figures are others now.
        void this.load();
      }
    }
    this.host.requestUpdate();
  }
}
