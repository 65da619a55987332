import { html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import type { Stream } from "../api/types";
import { textOf, toggle } from "../components/field";
import { LightElement } from "../components/light-element";
import { toast } from "../components/toasts";
import { FormSubmission } from "./form-submission";

/** What can be changed about a stream. Tells `saved` with the changed one. */
@customElement("stream-details")
export class StreamDetails extends LightElement {
  @property({ attribute: false }) stream!: Stream;

  readonly #form = new FormSubmission(this, async (form) => {
    const body = {
      title: textOf(form, "title").trim(),
      description: textOf(form, "description").trim() || null,
      settings: { chatEnabled: form.has("chatEnabled") },
    };
    const call = api.PATCH("/api/v1/streams/{id}", { params: { path: { id: this.stream.id } }, body });
    this.dispatchEvent(new CustomEvent<Stream>("saved", { detail: await answer(call) }));
    toast("Saved.");
  });

  override render() {
    const { stream } = this;
    const form = this.#form;
    return html`<form class="card desk-panel form" novalidate @submit=${form.submit}>
      <h2>About this stream</h2>
      ${form.error()}
      ${form.field({
        name: "title",
        label: "Title",
        value: stream.title,
        maxlength: 140,
        testid: "title-input",
      })}
      ${form.field({
        name: "description",
        label: "Description",
        type: "multiline",
        value: stream.description ?? "",
        maxlength: 5_000,
        testid: "description-input",
      })}
      ${toggle("chatEnabled", "Chat", stream.settings.chatEnabled !== false)}
      <button class="button" ?disabled=${form.busy} data-testid="save-stream">Save</button>
    </form>`;
  }
}
