import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { wordsFor } from "../api/problem";
import { clock } from "../format/time";
import { pathWithReturn } from "../navigation";
import type { ChatEntry, ChatLine } from "../room/chat-log";
import type { RoomConnection } from "../room/room-connection";
import { chatAuthor } from "./chat-author";
import { icon } from "./icons";
import { LightElement } from "./light-element";
import "./reaction-row";
import "./room-chat.css";

const LONGEST_LINE = 500;

/** A room's chat: its lines, what happens to one's own, and the means to write. */
@customElement("room-chat")
export class RoomChat extends LightElement {
  @property({ attribute: false }) connection!: RoomConnection;
  /** Not for this person: there is no room to wait for. */
  @property({ type: Boolean }) closed = false;

  @state() private unseen = 0;
  @query(".chat-lines") private lines!: HTMLElement;
  @query(".chat-form input") private input!: HTMLInputElement | null;
  #follows = true;
  #lastKey: string | undefined;
  #frame = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.connection.on("change", this.#changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    cancelAnimationFrame(this.#frame);
  }

  override render() {
    const { entries, phase } = this.connection.view;
    return html`
      <section class="chat" aria-label="Chat">
        <h2 class="chat-title">Chat</h2>
        ${
          phase === "lost"
            ? html`<p class="chat-strip" role="status" data-testid="reconnecting">Connection lost. Reconnecting…</p>`
            : nothing
        }
        <div class="chat-scroll">
          <div
            class="chat-lines"
            role="log"
            aria-live="polite"
            aria-relevant="additions"
            aria-label="Messages"
            tabindex="0"
            @scroll=${this.scrolled}
          >
            ${repeat(
              entries,
              ({ key }) => key,
              (entry) => this.entry(entry),
            )}
            ${entries.length === 0 && phase === "open" ? html`<div class="chat-note">No messages yet.</div>` : nothing}
          </div>
          ${
            this.unseen > 0
              ? html`<button class="button primary chat-pill" data-testid="new-messages" @click=${this.toEnd}>
                ${icon("down")} ${this.unseen} new ${this.unseen === 1 ? "message" : "messages"}
              </button>`
              : nothing
          }
        </div>
        ${this.foot()}
      </section>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const { entries } = this.connection.view;
    const lastKey = entries.at(-1)?.key;
    if (lastKey !== this.#lastKey) {
      if (this.#follows) this.unseen = 0;
      else this.unseen += Math.max(1, entries.length - 1 - entries.findLastIndex(({ key }) => key === this.#lastKey));
      this.#lastKey = lastKey;
    }
    if (this.#follows) this.lines.scrollTop = this.lines.scrollHeight;
  }

  private entry(entry: ChatEntry): TemplateResult {
    if (entry.kind === "skipped") {
      return html`<div class="chat-note" data-testid="chat-skipped">
        ${entry.count} ${entry.count === 1 ? "message was" : "messages were"} left out: this room is faster than anyone reads.
      </div>`;
    }
    return html`<div class="chat-line ${entry.state}" data-testid="chat-line" data-state=${entry.state}>
      <time datetime=${entry.at}>${clock(entry.at)}</time>
      ${chatAuthor(entry)}
      <span class="chat-text">${entry.text}</span>
      ${entry.state === "failed" ? this.failed(entry) : nothing}
    </div>`;
  }

  private failed({ clientId, reason }: ChatLine): TemplateResult {
    const id = clientId ?? "";
    return html`<span class="chat-failed" data-testid="chat-failed">
      ${icon("warning")} ${reason === null ? "Not sent." : wordsFor(reason)}
      <button class="link" data-testid="chat-retry" @click=${() => this.connection.retry(id)}>Send again</button>
      <button class="link" @click=${() => this.connection.discard(id)}>Discard</button>
    </span>`;
  }

  private foot(): TemplateResult {
    const { you, phase, settings } = this.connection.view;
    if (this.closed) return html`<p class="chat-foot">The chat is for those who may watch.</p>`;
    if (phase === "over") return html`<p class="chat-foot">You were removed from this room.</p>`;
    if (settings && !settings.chatEnabled) return html`<p class="chat-foot">Chat is switched off for this stream.</p>`;
    if (settings && you === null) {
      return html`<p class="chat-foot" data-testid="chat-sign-in">
        <a class="button primary" href=${pathWithReturn("/login")}>Log in</a> to join the chat
      </p>`;
    }
    return html`
      <reaction-row class="chat-reactions" .connection=${this.connection}></reaction-row>
      <form class="chat-form" @submit=${this.send}>
        <input
          class="input"
          name="message"
          aria-label="Your message"
          placeholder=${you ? "Say something…" : "Joining the room…"}
          autocomplete="off"
          maxlength=${LONGEST_LINE}
          enterkeyhint="send"
          ?disabled=${you === null}
          data-testid="chat-input"
        />
        <button class="button primary icon-only" aria-label="Send" ?disabled=${you === null} data-testid="chat-send">
          ${icon("send")}
        </button>
      </form>
    `;
  }

  private send(event: SubmitEvent): void {
    event.preventDefault();
    const text = this.input?.value.trim();
    if (!this.input || !text) return;
    this.connection.write(text);
    this.input.value = "";
    this.toEnd();
  }

  private scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.lines;
    this.#follows = scrollHeight - scrollTop - clientHeight < 40;
    if (this.#follows) this.unseen = 0;
  }

  private toEnd(): void {
    this.#follows = true;
    this.unseen = 0;
    this.requestUpdate();
  }

  /** A fast room tells more often than a screen shows. */
  #changed = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.requestUpdate());
  };
}
