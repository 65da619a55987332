import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { ApiError } from "../api/problem";
import type { CreateStream } from "../api/types";
import { textOf, toggle } from "../components/field";
import { LightElement } from "../components/light-element";
import { emptyState } from "../components/notices";
import { fromLocalInput } from "../format/time";
import { navigate } from "../navigation";
import { randomId } from "../random-id";
import { FormSubmission } from "./form-submission";
import { SignedIn } from "./signed-in";
import type { Shelf } from "./stream-shelves";
import "./stream-shelves";
import "./studio-page.css";

/** One's own streams, and a form for the next. */
@customElement("studio-page")
export class StudioPage extends LightElement {
  /** Sent with the form, so that a second press makes no second stream. */
  #idempotencyKey = randomId();
  readonly #form = new FormSubmission(this, (form) => this.create(form));
  readonly #shelves: readonly Shelf[];

  constructor() {
    super();
    const { user } = new SignedIn(this);
    this.#shelves = user === null ? [] : [{ query: { creator: user.id, limit: 24 } }];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Studio · Spillway";
  }

  override render() {
    return html`
      <div class="page studio">
        <section class="studio-list">
          <h1 class="visually-hidden">Studio</h1>
          <h2>Your streams</h2>
          <stream-shelves base="/studio/" .shelves=${this.#shelves} .empty=${nothingYet()}></stream-shelves>
        </section>
        ${this.form()}
      </div>
    `;
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

  private async create(form: FormData): Promise<void> {
    const header = { "idempotency-key": this.#idempotencyKey };
    try {
      const { id } = await answer(api.POST("/api/v1/streams", { params: { header }, body: streamOf(form) }));
      navigate(`/studio/${id}`);
    } catch (error) {
      // After a refusal the form is another one.
      if (error instanceof ApiError && error.problem.status < 500) this.#idempotencyKey = randomId();
      throw error;
    }
  }
}

function nothingYet(): TemplateResult {
  return emptyState("No stream yet", "Give the first one a title; the next step shows what to put into your encoder.");
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
