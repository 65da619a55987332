import { html } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { figure } from "../format/time";
import type { RoomConnection } from "../room/room-connection";
import { LightElement } from "./light-element";
import "./reaction-row.css";

const REACTIONS = [
  { emoji: "❤️", name: "Heart" },
  { emoji: "👏", name: "Applause" },
  { emoji: "😂", name: "Laughter" },
  { emoji: "🔥", name: "Fire" },
  { emoji: "🎉", name: "Celebration" },
  { emoji: "😮", name: "Surprise" },
] as const;

/** More at once would hide one another. */
const MOST_FLOATING = 24;
const LANES = 6;

interface Floating {
  id: number;
  emoji: string;
  lane: number;
}

/** Buttons to react with, the count since the page was opened, and what others send floating by. */
@customElement("reaction-row")
export class ReactionRow extends LightElement {
  @property({ attribute: false }) connection!: RoomConnection;

  @state() private totals: Readonly<Record<string, number>> = {};
  @state() private floating: readonly Floating[] = [];
  #nextId = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.connection.on("reactions", ({ detail }) => this.#count(detail));
  }

  override render() {
    return html`
      <div class="reactions" role="group" aria-label="React">
        ${REACTIONS.map(({ emoji, name }) => {
          const total = this.totals[emoji] ?? 0;
          return html`<button
            class="reaction"
            type="button"
            aria-label=${total > 0 ? `${name}, ${total}` : name}
            data-testid="reaction"
            @click=${() => this.connection.react(emoji)}
          >
            <span aria-hidden="true">${emoji}</span>${total > 0 ? html`<small>${figure(total)}</small>` : ""}
          </button>`;
        })}
      </div>
      <div class="reactions-air" aria-hidden="true">
        ${repeat(
          this.floating,
          ({ id }) => id,
          ({ id, emoji, lane }) =>
            html`<span class="lane-${lane}" @animationend=${() => this.#land(id)}>${emoji}</span>`,
        )}
      </div>
    `;
  }

  #count(counts: Readonly<Record<string, number>>): void {
    const totals = { ...this.totals };
    const rising: Floating[] = [];
    for (const [emoji, count] of Object.entries(counts)) {
      totals[emoji] = (totals[emoji] ?? 0) + count;
      for (let n = 0; n < Math.min(count, 5); n += 1) {
        const id = this.#nextId++;
        rising.push({ id, emoji, lane: id % LANES });
      }
    }
    this.totals = totals;
    // Nothing lands in a tab that nobody sees, so nothing takes off there.
    if (!document.hidden) this.floating = [...this.floating, ...rising].slice(-MOST_FLOATING);
  }

  #land(id: number): void {
    this.floating = this.floating.filter((other) => other.id !== id);
  }
}
