import { html, type TemplateResult } from "lit";
import type { StreamStatus } from "../api/types";
import { figure } from "../format/time";
import "./badge.css";
import { icon } from "./icons";

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

export function viewerCount(viewers: number): TemplateResult {
  return html`<span class="viewer-count" title="Watching now">
    ${icon("viewers")} <span data-testid="viewer-count">${figure(viewers)}</span>
    <span class="visually-hidden">watching</span>
  </span>`;
}
