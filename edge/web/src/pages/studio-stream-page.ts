import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import type { Stream, StreamStatus } from "../api/types";
import { statusBadge, viewerCount } from "../components/badge";
import { confirm } from "../components/confirm";
import { icon } from "../components/icons";
import { LightElement } from "../components/light-element";
import { emptyState, spinner } from "../components/notices";
import "../components/room-chat";
import { toastError } from "../components/toasts";
import { clock, duration, figure } from "../format/time";
import "../player/live-player";
import type { PlaybackFigures } from "../player/playback";
import "./encoder-panel";
import { streamFailure } from "./failure";
import { SignedIn } from "./signed-in";
import { idleStage, stage } from "./stage";
import "./stream-details";
import { StreamRoom } from "./stream-room";
import "./studio-stream-page.css";

/** One stream in its creator's hands: from the key to the end. */
@customElement("studio-stream-page")
export class StudioStreamPage extends LightElement {
  @property() streamId = "";

  /** The server was told to expect the encoder. */
  @state() private armed = false;
  @state() private figures: PlaybackFigures | null = null;
  @state() private busy = false;
  readonly #person = new SignedIn(this);
  readonly #room = new StreamRoom(this, () => {
    this.armed = false;
    this.figures = null;
  });

  override render() {
    const { stream, failure, status, connection } = this.#room;
    const { user } = this.#person;
    if (user === null) return nothing;
    if (failure !== null) return streamFailure(failure, this.#room.again);
    if (stream === null || status === null) return spinner("Loading the stream");
    document.title = `${stream.title} · Studio · Spillway`;
    if (stream.creator.id !== user.id && user.role !== "ADMIN") return someoneElses(stream);
    const over = status === "ENDED" || status === "CANCELLED";
    return html`<div class="desk">
      <div class="desk-main">
        ${this.head(stream, status)}
        <div class="desk-columns">
          <div class="desk-picture card">
            ${this.preview(stream, status)} ${status === "LIVE" ? health(this.figures) : nothing}
          </div>
          ${
            over
              ? summary(stream)
              : html`
                <encoder-panel .streamId=${stream.id} ?live=${status === "LIVE"} @armed=${this.isArmed}></encoder-panel>
                <stream-details class="desk-about" .stream=${stream} @saved=${this.saved}></stream-details>
              `
          }
        </div>
      </div>
      <room-chat class="desk-chat" .connection=${connection}></room-chat>
    </div>`;
  }

  private head(stream: Stream, status: StreamStatus): TemplateResult {
    const { since, viewers } = this.#room;
    return html`<header class="desk-head">
      <div>
        <h1>${stream.title}</h1>
        <p class="desk-facts">
          ${statusBadge(status)} ${viewerCount(viewers)}
          ${status === "LIVE" && since ? html`<span>since ${clock(since)}</span>` : nothing}
        </p>
      </div>
      <div class="desk-actions">
        <a class="button" href="/watch/${stream.id}" data-testid="watch-link">${icon("external")} Watch page</a>
        ${
          status === "LIVE"
            ? html`<button class="button danger" ?disabled=${this.busy} data-testid="end-stream" @click=${this.end}>
                End stream
              </button>`
            : nothing
        }
        ${
          status === "SCHEDULED"
            ? html`<button class="button" ?disabled=${this.busy} data-testid="cancel-stream" @click=${this.cancel}>
                Cancel stream
              </button>`
            : nothing
        }
      </div>
    </header>`;
  }

  private preview(stream: Stream, status: StreamStatus): TemplateResult {
    const live = status === "LIVE";
    return html`<div class="desk-player">
      <live-player
        quiet
        .src=${live ? (this.#room.joined?.playbackUrl ?? null) : null}
        .counted=${this.#room.counted}
        .playlists=${this.#room.connection?.playlists ?? null}
        @player-figures=${this.figured}
      ></live-player>
      ${live ? nothing : status === "SCHEDULED" && this.armed ? waiting(stream) : idleStage(stream, status)}
    </div>`;
  }

  private end(): Promise<void> {
    return this.#after(
      {
        title: "End this stream?",
        text: "The encoder is let go, and everyone sees that it is over. An ended stream does not come back.",
        action: "End stream",
      },
      () => answer(api.POST("/api/v1/streams/{id}/end", { params: { path: { id: this.streamId } } })),
    );
  }

  private cancel(): Promise<void> {
    return this.#after(
      {
        title: "Cancel this stream?",
        text: "Everyone sees that it will not take place. A cancelled stream does not come back.",
        action: "Cancel stream",
      },
      () => answer(api.DELETE("/api/v1/streams/{id}", { params: { path: { id: this.streamId } } })),
    );
  }

  async #after(question: Parameters<typeof confirm>[0], act: () => Promise<unknown>): Promise<void> {
    if (!(await confirm(question))) return;
    this.busy = true;
    try {
      await act();
      await this.#room.load();
    } catch (error) {
      toastError(error);
    } finally {
      this.busy = false;
    }
  }

  private isArmed(): void {
    this.armed = true;
  }

  private saved({ detail }: CustomEvent<Stream>): void {
    this.#room.loaded(detail);
  }

  private figured({ detail }: CustomEvent<PlaybackFigures>): void {
    this.figures = detail;
  }
}

function someoneElses(stream: Stream): TemplateResult {
  return html`<div class="page">
    ${emptyState(
      "This is someone else’s stream",
      "Only its creator can run it.",
      html`<a class="button primary" href="/watch/${stream.id}">Watch it</a>`,
    )}
  </div>`;
}

function waiting(stream: Stream): TemplateResult {
  return stage(
    stream,
    "Waiting for your encoder",
    "Start sending; this turns live by itself.",
    html`<span class="desk-dots" aria-hidden="true"><i></i><i></i><i></i></span>`,
    "waiting",
  );
}

/** How the picture arrives here, which is how viewers get it. */
function health(figures: PlaybackFigures | null): TemplateResult {
  if (figures === null || figures.height === 0) return html`<p class="desk-health">Loading the preview…</p>`;
  const { width, height, latency, droppedFrames } = figures;
  return html`<p class="desk-health" data-testid="health">
    <span>Picture <b>${width}×${height}</b></span>
    ${latency === null ? nothing : html`<span>Behind live <b>${latency.toFixed(1)} s</b></span>`}
    <span>Dropped frames <b>${figure(droppedFrames)}</b></span>
  </p>`;
}

function summary({ stats }: Stream): TemplateResult {
  return html`<section class="card desk-panel">
    <h2>How it went</h2>
    <dl class="desk-figures">
      <div><dt>Live for</dt><dd>${duration(stats.duration)}</dd></div>
      <div><dt>Most viewers</dt><dd>${figure(stats.peakViewers)}</dd></div>
      <div><dt>Messages</dt><dd>${figure(stats.messagesCount)}</dd></div>
    </dl>
    <a class="button" href="/studio">Make the next one</a>
  </section>`;
}
