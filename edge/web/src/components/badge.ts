import { html, type TemplateResult } from "lit";
import type { StreamStatus } from "../api/types";
import "./badge.css";

const WORDS: Record<StreamStatus, string> = {
  LIVE: "Live",
  SCHEDULED: "Scheduled",
  ENDED: "Ended",
  CANCELLED: "Cancelled",
};

export function statusBadge(status: StreamStatus): TemplateResult {
  return status === "LIVE"
    ? html`<span class="badge live" data-testid="live-badge">${WORDS.LIVE}</span>`
    : html`<span class="badge">${WORDS[status]}</span>`;
}
