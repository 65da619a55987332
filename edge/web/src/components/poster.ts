import { html, type TemplateResult } from "lit";
import type { Stream } from "../api/types";
import "./poster.css";

const TINTS = 6;

/** A stream's picture; until it has one, water in a tint of its own. */
export function poster(stream: Pick<Stream, "id" | "thumbnailUrl">): TemplateResult {
  if (stream.thumbnailUrl) {
    return html`<div class="poster"><img src=${stream.thumbnailUrl} alt="" loading="lazy" decoding="async" /></div>`;
  }
  return html`<div class="poster poster-${tint(stream.id, TINTS)}">
    <svg viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <path d="M-10 46h96c92 0 44 82 150 82h94v60H-10z" />
      <path d="M-10 82h62c84 0 50 70 140 70h138v40H-10z" />
      <path d="M-10 118h34c56 0 50 44 112 44h194v30H-10z" />
    </svg>
  </div>`;
}

/** One of `count` by a text, the same one each time. */
export function tint(text: string, count: number): number {
  let sum = 0;
  for (const char of text) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return sum % count;
}
