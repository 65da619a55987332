import { html } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import type { StartReply } from "../api/types";
import { confirm } from "../components/confirm";
import "../components/copy-field";
import { LightElement } from "../components/light-element";
import { toast, toastError } from "../components/toasts";

/** What to put into the encoder. It asks for the key only when it is wanted, and tells `armed` when the stream waits for it. */
@customElement("encoder-panel")
export class EncoderPanel extends LightElement {
  @property() streamId = "";
  @property({ type: Boolean }) live = false;

  @state() private ingest: StartReply | null = null;
  @state() private busy = false;

  override render() {
    const { ingest, live, busy } = this;
    if (ingest === null) {
      return html`<section class="card desk-panel">
        <h2>Encoder</h2>
        <p>
          ${
            live
              ? "Server and stream key, should the encoder need them again."
              : "Press Start, then put the server and the stream key into OBS or any other encoder."
          }
        </p>
        <button class="button primary" ?disabled=${busy} data-testid="start-stream" @click=${this.start}>
          ${live ? "Show server and key" : "Start"}
        </button>
      </section>`;
    }
    return html`<section class="card desk-panel">
      <h2>Encoder</h2>
      <copy-field label="Server" hook="url" .value=${ingest.streamUrl}></copy-field>
      <copy-field label="Stream key" hook="key" secret .value=${ingest.streamKey}></copy-field>
      <p>Whoever has the key can go live as you. It stays the same from stream to stream.</p>
      <button class="button" ?disabled=${busy} data-testid="rotate-key" @click=${this.rotate}>Make a new key</button>
    </section>`;
  }

  private async start(): Promise<void> {
    this.busy = true;
    try {
      this.ingest = await answer(api.POST("/api/v1/streams/{id}/start", this.#params));
      this.dispatchEvent(new Event("armed"));
    } catch (error) {
      toastError(error);
    } finally {
      this.busy = false;
    }
  }

  private async rotate(): Promise<void> {
    const sure = await confirm({
      title: "Make a new stream key?",
      text: "The old key stops working at once, and an encoder that sends with it is dropped.",
      action: "Make a new key",
    });
    if (!sure) return;
    this.busy = true;
    try {
      const { streamKey } = await answer(api.POST("/api/v1/streams/{id}/key", this.#params));
      if (this.ingest) this.ingest = { ...this.ingest, streamKey };
      toast("There is a new key. Put it into your encoder.");
    } catch (error) {
      toastError(error);
    } finally {
      this.busy = false;
    }
  }

  get #params() {
    return { params: { path: { id: this.streamId } } };
  }
}
