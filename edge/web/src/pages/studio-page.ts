import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { ApiError, wordsForError } from "../api/problem";
import type { CreateStream, Stream } from "../api/types";
import { textOf, toggle } from "../components/field";
import { LightElement } from "../components/light-element";
import { emptyState, spinner } from "../components/notices";
import { streamCard } from "../components/stream-card";
import { fromLocalInput } from "../format/time";
import { navigate } from "../router";
import { FormSubmission } from "./form-submission";
import { SignedIn } from "./signed-in";
import "./studio-page.css";

/** One's own streams, and a form for the next. */
@customElement("studio-page")
export class StudioPage extends LightElement {
  @state() private streams: readonly Stream[] | null = null;
  @state() private nextCursor: string | null = null;
  @state() private failure: string | null = null;
  /** Sent with the form, so that a second press makes no second stream. */
  #idempotencyKey = newKey();
  readonly #form = new FormSubmission(this, (form) => this.create(form));
  readonly #person = new SignedIn(this);

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Studio · Spillway";
    void this.load();
  }

  override render() {
    return html`
      <div class="page studio">
        <section class="studio-list">
          <h1 class="visually-hidden">Studio</h1>
          <h2>Your streams</h2>
          ${this.list()}
        </section>
        ${this.form()}
      </div>
    `;
  }

  private list(): TemplateResult {
    if (this.failure !== null) {
      return emptyState(
        "The list did not arrive",
        this.failure,
        html`<button class="button" @click=${() => this.load()}>Try again</button>`,
      );
    }
    if (this.streams === null) return spinner("Loading your streams");
    if (this.streams.length === 0) {
      return emptyState(
        "No stream yet",
        "Give the first one a title; the next step shows what to put into your encoder.",
      );
    }
    const now = new Date();
    return html`<div class="stream-grid">
        ${this.streams.map((stream) => streamCard(stream, `/studio/${stream.id}`, now))}
      </div>
      ${
        this.nextCursor === null
          ? nothing
          : html`<button class="button studio-more" @click=${() => this.load(this.nextCursor)}>Show more</button>`
      }`;
  }

  private form(): TemplateResult {
    const form = this.#form;
    return html`<form class="card form studio-form" novalidate @submit=${form.submit}>
      <h2>New stream</h2>
      ${form.error()}
      ${form.field({ name: "title", label: "Title", maxlength: 140, testid: "title-input" })}
      ${form.field({
        name: "description",
        label: "Description",
        type: "multiline",
        maxlength: 5_000,
        testid: "description-input",
      })}
      ${form.field({
        name: "scheduledStartTime",
        label: "Planned for",
        type: "datetime-local",
        hint: "Leave empty to start whenever you like.",
        testid: "schedule-input",
      })}
      ${toggle("chatEnabled", "Chat", true)} ${toggle("recordingEnabled", "Keep a recording", true)}
      <button class="button primary" ?disabled=${form.busy} data-testid="create-stream">Create stream</button>
    </form>`;
  }

  private async load(cursor: string | null = null): Promise<void> {
    const { user } = this.#person;
    if (user === null) return;
    this.failure = null;
    try {
      const query = { creator: user.id, limit: 24, ...(cursor !== null && { cursor }) };
      const page = await answer(api.GET("/api/v1/streams", { params: { query } }));
      this.streams = cursor === null ? page.items : [...(this.streams ?? []), ...page.items];
      this.nextCursor = page.nextCursor;
    } catch (error) {
      this.failure = wordsForError(error);
    }
  }

  private async create(form: FormData): Promise<void> {
    const header = { "idempotency-key": this.#idempotencyKey };
    try {
      const { id } = await answer(api.POST("/api/v1/streams", { params: { header }, body: streamOf(form) }));
      navigate(`/studio/${id}`);
    } catch (error) {
      // After a refusal the form is another one.
      if (error instanceof ApiError && error.problem.status < 500) this.#idempotencyKey = newKey();
      throw error;
    }
  }
}

function streamOf(form: FormData): CreateStream {
  return {
    title: textOf(form, "title").trim(),
    description: textOf(form, "description").trim() || null,
    scheduledStartTime: fromLocalInput(textOf(form, "scheduledStartTime")),
    settings: {
      quality: "HD",
      recordingEnabled: form.has("recordingEnabled"),
      chatEnabled: form.has("chatEnabled"),
      tipsEnabled: true,
      maxViewers: null,
      delaySeconds: 0,
    },
  };
}

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
}
