import { html } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { type FieldErrors, fieldErrors } from "../api/problem";
import type { Stream } from "../api/types";
import { field, focusRefused, textOf, toggle } from "../components/field";
import { LightElement } from "../components/light-element";
import { formError } from "../components/notices";
import { toast } from "../components/toasts";

/** What can be changed about a stream. Tells `saved` with the changed one. */
@customElement("stream-details")
export class StreamDetails extends LightElement {
  @property({ attribute: false }) stream!: Stream;

  @state() private errors: FieldErrors = {};
  @state() private busy = false;

  override render() {
    const { stream, errors } = this;
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
      ${toggle("chatEnabled", "Chat", stream.settings.chatEnabled !== false)}
      <button class="button" ?disabled=${this.busy} data-testid="save-stream">Save</button>
    </form>`;
  }

  private async save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.busy = true;
    try {
      const body = {
        title: textOf(form, "title").trim(),
        description: textOf(form, "description").trim() || null,
        settings: { chatEnabled: form.has("chatEnabled") },
      };
      const call = api.PATCH("/api/v1/streams/{id}", { params: { path: { id: this.stream.id } }, body });
      const stream = await answer(call);
      this.errors = {};
      this.dispatchEvent(new CustomEvent<Stream>("saved", { detail: stream }));
      toast("Saved.");
    } catch (error) {
      this.errors = fieldErrors(error, ["title", "description"]);
      await this.updateComplete;
      focusRefused(this);
    } finally {
      this.busy = false;
    }
  }
}
