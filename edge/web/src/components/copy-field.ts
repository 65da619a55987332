import { html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { icon } from "./icons";
import { LightElement } from "./light-element";
import { toast } from "./toasts";
import "./copy-field.css";

/** A value to be put in elsewhere: shown, or hidden until it is asked for, with a button that copies it. */
@customElement("copy-field")
export class CopyField extends LightElement {
  @property() label = "";
  @property() value = "";
  @property({ type: Boolean }) secret = false;
  /** Test hooks: the value's own; the buttons' are `copy-<hook>` and `reveal-<hook>`. */
  @property() hook = "value";

  @state() private revealed = false;
  @state() private copied = false;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("value")) this.copied = false;
  }

  override render() {
    const shown = !this.secret || this.revealed;
    return html`
      <span class="copy-label" id="copy-${this.hook}">${this.label}</span>
      <div class="copy-row">
        <output
          class="copy-value"
          aria-labelledby="copy-${this.hook}"
          data-testid=${this.secret ? `stream-${this.hook}` : this.hook}
          >${shown ? this.value : "•".repeat(24)}</output
        >
        ${
          this.secret
            ? html`<button
                class="button icon-only"
                type="button"
                aria-label="${this.revealed ? "Hide" : "Show"} ${this.label.toLowerCase()}"
                aria-pressed=${this.revealed}
                data-testid="reveal-${this.hook}"
                @click=${this.reveal}
              >
                ${icon(this.revealed ? "hidden" : "eye")}
              </button>`
            : nothing
        }
        <button
          class="button"
          type="button"
          aria-label="Copy ${this.label.toLowerCase()}"
          data-testid="copy-${this.hook}"
          @click=${this.copy}
        >
          ${icon(this.copied ? "check" : "copy")} ${this.copied ? "Copied" : "Copy"}
        </button>
      </div>
    `;
  }

  private reveal(): void {
    this.revealed = !this.revealed;
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.value);
      this.copied = true;
    } catch {
      // No permission, or plain http.
      this.revealed = true;
      toast("Copying is not allowed here. Select the text and copy it yourself.", "problem");
    }
  }
}
