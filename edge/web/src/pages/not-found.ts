import { html, type TemplateResult } from "lit";
import { emptyState } from "../components/notices";

/** For an address that leads nowhere. */
export function notFound(): TemplateResult {
  document.title = "Not found · Spillway";
  return emptyState(
    "There is nothing here",
    "The stream may have been taken away, or the address may be mistyped.",
    html`<a class="button primary" href="/">See what is live</a>`,
  );
}
