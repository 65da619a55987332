import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { ApiError, wordsFor, wordsForError } from "../api/problem";
import { session } from "../api/session";
import type { JoinReply, Stream, StreamStatus } from "../api/types";
import { statusBadge } from "../components/badge";
import { icon } from "../components/icons";
import { LightElement } from "../components/light-element";
import { emptyState, spinner } from "../components/notices";
import "../components/room-chat";
import { toast } from "../components/toasts";
import { clock, figure } from "../format/time";
import { RoomConnection } from "../room/room-connection";
import { notFound } from "./not-found";
import { idleStage, refusedStage } from "./stage";
import "./watch-page.css";

// The player is most of this page's weight; the room is joined while it loads.
const playerLoaded = import("../player/live-player");

@customElement("watch-page")
export class WatchPage extends LightElement {
  @property() streamId = "";

  @state() private stream: Stream | null = null;
  @state() private failure: unknown = null;
  @state() private joined: JoinReply | null = null;
  /** The stream has ended, and its last frame was not shown yet. */
  @state() private playingOut = false;
  #connection: RoomConnection | null = null;
  #told: StreamStatus | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Spillway";
    const connection = new RoomConnection(this.streamId);
    this.#connection = connection;
    connection.on("change", () => this.#roomChanged());
    connection.on("join", ({ detail }) => {
      this.joined = detail;
    });
    connection.on("gone", ({ detail }) => {
      this.failure ??= detail;
    });
    connection.on("tell", ({ detail }) => toast(wordsFor(detail.code, detail.message), "problem"));
    void connection.connect();
    void this.load();
    playerLoaded.catch(() => toast("The player could not be loaded. Reload the page.", "problem"));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#connection?.leave();
  }

  override render() {
    const { stream, failure } = this;
    if (failure instanceof ApiError && failure.code === "NOT_FOUND") return html`<div class="page">${notFound()}</div>`;
    if (failure !== null) {
      return html`<div class="page">
        ${emptyState(
          "The stream did not load",
          wordsForError(failure),
          html`<button class="button" @click=${this.again}>Try again</button>`,
        )}
      </div>`;
    }
    if (stream === null) return spinner("Loading the stream");
    return html`<div class="watch">
      <div class="watch-picture">${this.picture(stream)}</div>
      <div class="watch-about">${this.about(stream)}</div>
      <room-chat class="watch-chat" .connection=${this.#connection}></room-chat>
    </div>`;
  }

  private picture(stream: Stream): TemplateResult {
    const status = this.#status(stream);
    const refused = this.joined !== null && !this.joined.accessGranted;
    const plays = !refused && (status === "LIVE" || this.playingOut);
    return html`
      <live-player
        .src=${plays ? (this.joined?.playbackUrl ?? null) : null}
        .counted=${this.#counted}
        @player-ended=${this.playedOut}
      ></live-player>
      ${refused ? refusedStage(stream, this.joined?.reason ?? null, this.again) : nothing}
      ${!refused && !plays && status !== "LIVE" ? idleStage(stream, status) : nothing}
    `;
  }

  private about(stream: Stream): TemplateResult {
    const status = this.#status(stream);
    const view = this.#connection?.view;
    const viewers = view?.viewerCount ?? stream.stats.viewerCount;
    const since = view?.since ?? stream.actualStartTime;
    return html`
      <div class="watch-head">
        <h1 data-testid="stream-title">${stream.title}</h1>
        ${
          stream.creator.id === session.user?.id
            ? html`<a class="button" href="/studio/${stream.id}">Open in the studio</a>`
            : nothing
        }
      </div>
      <p class="watch-facts">
        ${statusBadge(status)}
        <span class="watch-creator">${stream.creator.username}</span>
        <span class="watch-count" title="Watching now">
          ${icon("viewers")}
          <span data-testid="viewer-count">${figure(viewers)}</span>
          <span class="visually-hidden">watching</span>
        </span>
        ${status === "LIVE" && since ? html`<span>since ${clock(since)}</span>` : nothing}
      </p>
      ${stream.description ? html`<p class="watch-description">${stream.description}</p>` : nothing}
    `;
  }

  private async load(): Promise<void> {
    try {
      const call = api.GET("/api/v1/streams/{id}", { params: { path: { id: this.streamId } } });
      this.stream = await answer(call);
      document.title = `${this.stream.title} · Spillway`;
    } catch (error) {
      this.failure = error;
    }
  }

  private again(): void {
    this.failure = null;
    void this.load();
    void this.#connection?.connect();
  }

  private playedOut(): void {
    this.playingOut = false;
  }

  #counted = (): boolean => this.#connection?.open ?? false;

  /** What the room says is newer than what was loaded. */
  #status(stream: Stream): StreamStatus {
    return this.#connection?.view.status ?? stream.status;
  }

  #roomChanged(): void {
    const told = this.#connection?.view.status ?? null;
    if (told !== null && told !== this.#told) {
      const before = this.#told ?? this.stream?.status;
      this.#told = told;
      this.playingOut = before === "LIVE" && told === "ENDED" && this.#hasPicture();
      // Its times and figures are others now.
      if (before !== undefined && before !== told) void this.load();
    }
    this.requestUpdate();
  }

  /** Viewers are some seconds behind; the last of them are still to be shown. */
  #hasPicture(): boolean {
    const video = this.querySelector("video");
    return video !== null && !video.paused && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }
}
