import { html, nothing, type TemplateResult } from "lit";
import { icon } from "./icons";
import "./notices.css";

/** What stands where there is nothing yet. */
export function emptyState(title: string, text: string, action: TemplateResult | typeof nothing = nothing) {
  return html`<div class="empty">
    <svg class="empty-art" viewBox="0 0 120 48" aria-hidden="true">
      <path d="M4 14h38c28 0 16 22 44 22h30M4 24h26c22 0 16 16 38 16h48M4 34h16c10 0 10 8 20 8h76" />
    </svg>
    <h2>${title}</h2>
    <p>${text}</p>
    ${action}
  </div>`;
}

export function spinner(label = "Loading"): TemplateResult {
  return html`<div class="spinner" role="status"><span class="visually-hidden">${label}</span></div>`;
}

export function formError(text: string | undefined): TemplateResult | typeof nothing {
  return text ? html`<p class="form-error" role="alert">${icon("warning")} ${text}</p>` : nothing;
}
