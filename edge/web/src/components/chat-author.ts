import { html, type TemplateResult } from "lit";
import type { ChatLine } from "../room/chat-log";
import "./chat-author.css";
import { tint } from "./poster";

const NAME_TINTS = 8;

/** Who wrote a line: badges, and the name in a colour of its own. */
export function chatAuthor({ badges, userId, username }: ChatLine): TemplateResult {
  return html`${badges.map((badge) => html`<span class="chat-badge ${badge}">${badge}</span>`)}
    <b class="chat-name tint-${tint(userId, NAME_TINTS)}">${username}</b>`;
}
