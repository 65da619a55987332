import { html, type TemplateResult } from "lit";
import { ApiError, wordsForError } from "../api/problem";
import { emptyState } from "../components/notices";

/** For an address that leads nowhere. */
export function notFound(): TemplateResult {
  document.title = "Not found · Spillway";
  return html`<div class="page">
    <h1 class="visually-hidden">Not found</h1>
    ${emptyState(
      "There is nothing here",
      "The stream may have been taken away, or the address may be mistyped.",
      html`<a class="button primary" href="/">See what is live</a>`,
    )}
  </div>`;
}

/** For a stream that did not load. */
export function streamFailure(error: unknown, again: () => void): TemplateResult {
  if (error instanceof ApiError && error.code === "NOT_FOUND") return notFound();
  return html`<div class="page">
    <h1 class="visually-hidden">Stream</h1>
    ${emptyState(
      "The stream did not load",
      wordsForError(error),
      html`<button class="button" @click=${again}>Try again</button>`,
    )}
  </div>`;
}
