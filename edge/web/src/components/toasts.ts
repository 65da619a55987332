import { html } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { wordsForError } from "../api/problem";
import { icon } from "./icons";
import { LightElement } from "./light-element";
import "./toasts.css";

type Tone = "news" | "problem";

interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

/** Long enough to read two lines. */
const SHOWN_MS = 6_000;

const raised = new EventTarget();

/** Says something in passing. */
export function toast(text: string, tone: Tone = "news"): void {
  raised.dispatchEvent(new CustomEvent("toast", { detail: { text, tone } }));
}

/** Says what went wrong. */
export function toastError(error: unknown): void {
  toast(wordsForError(error), "problem");
}

@customElement("toast-stack")
export class ToastStack extends LightElement {
  @state() private toasts: readonly Toast[] = [];
  #nextId = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    raised.addEventListener("toast", this.#add);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    raised.removeEventListener("toast", this.#add);
  }

  override render() {
    return html`<div class="toasts" role="status" aria-live="polite">
      ${repeat(
        this.toasts,
        ({ id }) => id,
        ({ id, text, tone }) => html`<div class="toast ${tone}" data-testid="toast">
          ${tone === "problem" ? icon("warning") : icon("check")}
          <span>${text}</span>
          <button class="button quiet icon-only" aria-label="Dismiss" @click=${() => this.dismiss(id)}>
            ${icon("close")}
          </button>
        </div>`,
      )}
    </div>`;
  }

  #add = (event: Event): void => {
    const { text, tone } = (event as CustomEvent<Omit<Toast, "id">>).detail;
    // The same thing again is the same toast.
    const others = this.toasts.filter((other) => other.text !== text);
    const id = this.#nextId++;
    this.toasts = [...others, { id, text, tone }].slice(-4);
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  };

  private dismiss(id: number): void {
    this.toasts = this.toasts.filter((other) => other.id !== id);
  }
}
