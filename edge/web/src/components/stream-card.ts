import { html, nothing, type TemplateResult } from "lit";
import type { Stream } from "../api/types";
import { dayAndTime, duration, figure, relative } from "../format/time";
import { statusBadge } from "./badge";
import { icon } from "./icons";
import { poster } from "./poster";
import "./stream-card.css";

/** A stream in a list; all of it leads to `href`. */
export function streamCard(stream: Stream, href: string, now: Date): TemplateResult {
  const { status, stats } = stream;
  return html`<article class="card stream-card" data-testid="stream-card">
    <div class="stream-card-picture">
      ${poster(stream)}
      <span class="stream-card-badge">${statusBadge(status)}</span>
      ${
        status === "LIVE"
          ? html`<span class="stream-card-count">${icon("viewers")} ${figure(stats.viewerCount)}<span class="visually-hidden"> watching</span></span>`
          : nothing
      }
      ${status === "ENDED" ? html`<span class="stream-card-count">${duration(stats.duration)}</span>` : nothing}
    </div>
    <div class="stream-card-text">
      <h3><a href=${href}>${stream.title}</a></h3>
      <p>${stream.creator.username}${when(stream, now)}</p>
    </div>
  </article>`;
}

function when(stream: Stream, now: Date): string {
  if (stream.status === "SCHEDULED") {
    return stream.scheduledStartTime ? ` · ${dayAndTime(stream.scheduledStartTime, now)}` : "";
  }
  const since = stream.status === "LIVE" ? stream.actualStartTime : stream.endTime;
  return since ? ` · ${relative(since, now)}` : "";
}
