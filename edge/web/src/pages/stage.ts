import { html, type TemplateResult } from "lit";
import type { JoinRefusal, Stream, StreamStatus } from "../api/types";
import { poster } from "../components/poster";
import { dayAndTime, duration, relative } from "../format/time";
import "./stage.css";

/** What stands in the picture's place while there is none. */
export function stage(
  stream: Stream,
  title: string,
  text: string,
  more: unknown = "",
  testid = "stage",
): TemplateResult {
  return html`<div class="stage" data-testid=${testid}>
    ${poster(stream)}
    <div class="stage-text" role="status">
      <h2>${title}</h2>
      <p>${text}</p>
      ${more}
    </div>
  </div>`;
}

/** The stage of a stream that is not live. */
export function idleStage(stream: Stream, status: Exclude<StreamStatus, "LIVE">): TemplateResult {
  const now = new Date();
  switch (status) {
    case "SCHEDULED":
      return stream.scheduledStartTime && new Date(stream.scheduledStartTime) > now
        ? stage(
            stream,
            `Starts ${relative(stream.scheduledStartTime, now)}`,
            `${dayAndTime(stream.scheduledStartTime, now)}. The picture comes by itself.`,
          )
        : stage(stream, "Not live yet", "The picture comes by itself when the stream begins.");
    case "ENDED":
      return stage(
        stream,
        "This stream has ended",
        stream.stats.duration > 0 ? `It was live for ${duration(stream.stats.duration)}.` : "Thank you for watching.",
      );
    case "CANCELLED":
      return stage(stream, "This stream was cancelled", "It will not take place.");
  }
}

const REFUSALS: Record<JoinRefusal, [title: string, text: string]> = {
  TICKET_REQUIRED: ["A ticket is needed", "This stream is for those who have a ticket."],
  SUBSCRIPTION_REQUIRED: ["For subscribers", "This stream is for subscribers of its creator."],
  BANNED: ["You cannot watch this stream", "Its creator has banned this account."],
  FULL: ["The room is full", "As many are watching as the creator allows."],
  CANCELLED: ["This stream was cancelled", "It will not take place."],
};

/** The stage of a stream that the viewer may not see. */
export function refusedStage(stream: Stream, reason: JoinRefusal | null, again: () => void): TemplateResult {
  const [title, text] = (reason && REFUSALS[reason]) ?? ["You cannot watch this stream", "You have no right to it."];
  return stage(stream, title, text, html`<button class="button" @click=${again}>Try again</button>`);
}
