import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { ApiError, type FieldErrors, fieldErrors, wordsFor, wordsForError } from "../api/problem";
import { session } from "../api/session";
import type { JoinReply, StartReply, Stream, StreamStatus } from "../api/types";
import { statusBadge } from "../components/badge";
import { confirm } from "../components/confirm";
import "../components/copy-field";
import { field, textOf, toggle } from "../components/field";
import { icon } from "../components/icons";
import { LightElement } from "../components/light-element";
import { emptyState, formError, spinner } from "../components/notices";
import "../components/room-chat";
import { toast, toastError } from "../components/toasts";
import { clock, duration, figure } from "../format/time";
import "../player/live-player";
import type { PlaybackFigures } from "../player/playback";
import { RoomConnection } from "../room/room-connection";
import { notFound } from "./not-found";
import { signedIn } from "./signed-in";
import { idleStage, stage } from "./stage";
import "./studio-stream-page.css";

/** One stream in its creator's hands: from the key to the end. */
@customElement("studio-stream-page")
export class StudioStreamPage extends LightElement {
  @property() streamId = "";

  @state() private stream: Stream | null = null;
  @state() private failure: unknown = null;
  @state() private joined: JoinReply | null = null;
  /** What to put into the encoder, once it was asked for. */
  @state() private ingest: StartReply | null = null;
  @state() private figures: PlaybackFigures | null = null;
  @state() private errors: FieldErrors = {};
  @state() private busy = false;
  #connection: RoomConnection | null = null;
  #told: StreamStatus | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Studio · Spillway";
    if (!signedIn()) return;
    const connection = new RoomConnection(this.streamId);
    this.#connection = connection;
    connection.on("change", () => this.#roomChanged());
    connection.on("join", ({ detail }) => {
      this.joined = detail;
    });
    connection.on("tell", ({ detail }) => toast(wordsFor(detail.code, detail.message), "problem"));
    void connection.connect();
    void this.load();
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
          html`<button class="button" @click=${this.load}>Try again</button>`,
        )}
      </div>`;
    }
    if (stream === null) return spinner("Loading the stream");
    if (stream.creator.id !== session.user?.id && session.user?.role !== "ADMIN") {
      return html`<div class="page">
        ${emptyState(
          "This is someone else’s stream",
          "Only its creator can run it.",
          html`<a class="button primary" href="/watch/${stream.id}">Watch it</a>`,
        )}
      </div>`;
    }
    const status = this.#status(stream);
    return html`<div class="desk">
      <div class="desk-main">
        ${this.head(stream, status)}
        <div class="desk-columns">
          <div class="desk-picture card">${this.preview(stream, status)} ${this.health(status)}</div>
          <div class="desk-side">
            ${status === "ENDED" || status === "CANCELLED" ? this.summary(stream) : this.encoder(status)}
            ${status === "CANCELLED" ? nothing : this.details(stream)}
          </div>
        </div>
      </div>
      <room-chat class="desk-chat" .connection=${this.#connection}></room-chat>
    </div>`;
  }

  private head(stream: Stream, status: StreamStatus): TemplateResult {
    const viewers = this.#connection?.view.viewerCount ?? stream.stats.viewerCount;
    return html`<header class="desk-head">
      <div>
        <h1>${stream.title}</h1>
        <p class="desk-facts">
          ${statusBadge(status)}
          <span class="desk-count" title="Watching now">
            ${icon("viewers")} <span data-testid="viewer-count">${figure(viewers)}</span>
            <span class="visually-hidden">watching</span>
          </span>
          ${
            status === "LIVE" && this.#connection?.view.since
              ? html`<span>since ${clock(this.#connection.view.since)}</span>`
              : nothing
          }
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
      </div>
    </header>`;
  }

  private preview(stream: Stream, status: StreamStatus): TemplateResult {
    const waiting = status === "SCHEDULED" && this.ingest !== null;
    return html`<div class="desk-player">
      <live-player
        quiet
        .src=${status === "LIVE" ? (this.joined?.playbackUrl ?? null) : null}
        .counted=${this.#counted}
        @player-figures=${this.figured}
      ></live-player>
      ${
        waiting
          ? html`<div data-testid="waiting">
            ${stage(
              stream,
              "Waiting for your encoder",
              "Start sending; this turns live by itself.",
              html`<span class="desk-dots" aria-hidden="true"><i></i><i></i><i></i></span>`,
            )}
          </div>`
          : status === "LIVE"
            ? nothing
            : idleStage(stream, status)
      }
    </div>`;
  }

  /** How the picture arrives here, which is how viewers get it. */
  private health(status: StreamStatus): TemplateResult | typeof nothing {
    const { figures } = this;
    if (status !== "LIVE") return nothing;
    if (figures === null || figures.height === 0) return html`<p class="desk-health">Loading the preview…</p>`;
    return html`<p class="desk-health" data-testid="health">
      <span><b>${figures.width}×${figures.height}</b> picture</span>
      ${figures.latency === null ? nothing : html`<span><b>${figures.latency.toFixed(1)} s</b> behind live</span>`}
      <span><b>${figure(figures.droppedFrames)}</b> dropped frames</span>
    </p>`;
  }

  private encoder(status: StreamStatus): TemplateResult {
    const { ingest } = this;
    if (ingest === null) {
      return html`<section class="card desk-panel">
        <h2>Encoder</h2>
        <p>
          ${
            status === "LIVE"
              ? "Server and stream key, should the encoder need them again."
              : "Press Start, then put the server and the stream key into OBS or any other encoder."
          }
        </p>
        <button class="button primary" ?disabled=${this.busy} data-testid="start-stream" @click=${this.start}>
          ${status === "LIVE" ? "Show server and key" : "Start"}
        </button>
      </section>`;
    }
    return html`<section class="card desk-panel">
      <h2>Encoder</h2>
      <copy-field label="Server" hook="url" .value=${ingest.streamUrl}></copy-field>
      <copy-field label="Stream key" hook="key" secret .value=${ingest.streamKey}></copy-field>
      <p class="desk-hint">Whoever has the key can go live as you. It stays the same from stream to stream.</p>
      <button class="button" ?disabled=${this.busy} data-testid="rotate-key" @click=${this.rotate}>Make a new key</button>
    </section>`;
  }

  private details(stream: Stream): TemplateResult {
    const { errors } = this;
    const chat = stream.settings.chatEnabled;
    return html`<form class="card desk-panel form" novalidate @submit=${this.save}>
      <h2>About this stream</h2>
      ${formError(errors["form"])}
      ${field({
        name: "title",
        label: "Title",
        value: stream.title,
        maxlength: 140,
        error: errors["title"],
        testid: "title-input",
      })}
      ${field({
        name: "description",
        label: "Description",
        type: "multiline",
        value: stream.description ?? "",
        maxlength: 5_000,
        error: errors["description"],
        testid: "description-input",
      })}
      ${toggle("chatEnabled", "Chat", chat)}
      <button class="button" ?disabled=${this.busy} data-testid="save-stream">Save</button>
    </form>`;
  }

  private summary({ stats }: Stream): TemplateResult {
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

  private async load(): Promise<void> {
    this.failure = null;
    try {
      const stream = await answer(api.GET("/api/v1/streams/{id}", this.#params));
      this.stream = stream;
      document.title = `${stream.title} · Studio · Spillway`;
    } catch (error) {
      this.failure = error;
    }
  }

  private start(): Promise<void> {
    return this.#do(async () => {
      this.ingest = await answer(api.POST("/api/v1/streams/{id}/start", this.#params));
    });
  }

  private async rotate(): Promise<void> {
    const sure = await confirm({
      title: "Make a new stream key?",
      text: "The old key stops working at once, and an encoder that sends with it is dropped.",
      action: "Make a new key",
    });
    if (!sure) return;
    await this.#do(async () => {
      const { streamKey } = await answer(api.POST("/api/v1/streams/{id}/key", this.#params));
      if (this.ingest) this.ingest = { ...this.ingest, streamKey };
      toast("There is a new key. Put it into your encoder.");
    });
  }

  private async end(): Promise<void> {
    const sure = await confirm({
      title: "End this stream?",
      text: "The encoder is let go, and everyone sees that it is over. An ended stream does not come back.",
      action: "End stream",
    });
    if (!sure) return;
    await this.#do(async () => {
      await answer(api.POST("/api/v1/streams/{id}/end", this.#params));
      this.ingest = null;
    });
  }

  private async save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    await this.#do(
      async () => {
        const body = {
          title: textOf(form, "title").trim(),
          description: textOf(form, "description").trim() || null,
          settings: { chatEnabled: form.has("chatEnabled") },
        };
        this.stream = await answer(api.PATCH("/api/v1/streams/{id}", { ...this.#params, body }));
        this.errors = {};
        toast("Saved.");
      },
      (error) => {
        this.errors = fieldErrors(error, ["title", "description"]);
      },
    );
  }

  /** One thing at a time; what goes wrong is told. */
  async #do(act: () => Promise<void>, refused: (error: unknown) => void = toastError): Promise<void> {
    this.busy = true;
    try {
      await act();
    } catch (error) {
      if (error instanceof ApiError && error.signedOut) {
        toastError(error);
        signedIn();
      } else refused(error);
    } finally {
      this.busy = false;
    }
  }

  private figured({ detail }: CustomEvent<PlaybackFigures>): void {
    this.figures = detail;
  }

  get #params() {
    return { params: { path: { id: this.streamId } } };
  }

  #counted = (): boolean => this.#connection?.open ?? false;

  #status(stream: Stream): StreamStatus {
    return this.#connection?.view.status ?? stream.status;
  }

  #roomChanged(): void {
    const told = this.#connection?.view.status ?? null;
    if (told !== null && told !== this.#told) {
      const before = this.#told ?? this.stream?.status;
      this.#told = told;
      if (told !== "LIVE") this.figures = null;
      if (before !== undefined && before !== told) void this.load();
    }
    this.requestUpdate();
  }
}
