import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { session } from "../api/session";
import type { Stream, StreamStatus } from "../api/types";
import { statusBadge, viewerCount } from "../components/badge";
import { LightElement } from "../components/light-element";
import { spinner } from "../components/notices";
import "../components/room-chat";
import { toast } from "../components/toasts";
import { clock } from "../format/time";
import { streamFailure } from "./failure";
import { idleStage, refusedStage } from "./stage";
import { StreamRoom } from "./stream-room";
import "./watch-page.css";

// The player is most of this page's weight; the room is joined while it loads.
const playerLoaded = import("../player/live-player");

@customElement("watch-page")
export class WatchPage extends LightElement {
  @property() streamId = "";

  /** The stream has ended, and its last frame was not shown yet. */
  @state() private playingOut = false;
  /** What is played, as long as it is. */
  #src: string | null = null;
  readonly #room = new StreamRoom(this, (before, now) => {
    this.playingOut = before === "LIVE" && now === "ENDED" && this.#plays();
  });

  override connectedCallback(): void {
    super.connectedCallback();
    playerLoaded.catch(() => toast("The player could not be loaded. Reload the page.", "problem"));
  }

  override render() {
    const { stream, failure, status, connection } = this.#room;
    if (failure !== null) return streamFailure(failure, this.#room.again);
    if (stream === null || status === null) return spinner("Loading the stream");
    document.title = `${stream.title} · Spillway`;
    const refused = this.#refused();
    return html`<div class="watch">
      <div class="watch-picture">${this.picture(stream, status, refused)}</div>
      <div class="watch-about">${this.about(stream, status)}</div>
      <room-chat class="watch-chat" .connection=${connection} ?closed=${refused}></room-chat>
    </div>`;
  }

  #refused(): boolean {
    const { joined } = this.#room;
    return joined !== null && !joined.accessGranted;
  }

  private picture(stream: Stream, status: StreamStatus, refused: boolean): TemplateResult {
    const { joined, again, counted, connection } = this.#room;
    const plays = !refused && (status === "LIVE" || this.playingOut);
    // Each join of a gated stream brings another entry: what plays already stays, its session outlives the stream.
    this.#src = plays ? (this.#src ?? joined?.playbackUrl ?? null) : null;
    return html`
      <live-player
        .src=${this.#src}
        .counted=${counted}
        .playlists=${connection?.playlists ?? null}
        ?over=${this.playingOut}
        @player-ended=${this.playedOut}
      ></live-player>
      ${refused ? refusedStage(stream, joined?.reason ?? null, again) : nothing}
      ${!refused && !plays && status !== "LIVE" ? idleStage(stream, status) : nothing}
    `;
  }

  private about(stream: Stream, status: StreamStatus): TemplateResult {
    const { viewers, since } = this.#room;
    return html`
      <h1 data-testid="stream-title">${stream.title}</h1>
      <p class="watch-facts">
        ${statusBadge(status)}
        <span class="watch-creator">${stream.creator.username}</span>
        ${viewerCount(viewers)}
        ${status === "LIVE" && since ? html`<span>since ${clock(since)}</span>` : nothing}
        ${
          stream.creator.id === session.user?.id ? html`<a href="/studio/${stream.id}">Open in the studio</a>` : nothing
        }
      </p>
      ${stream.description ? html`<p class="watch-description">${stream.description}</p>` : nothing}
    `;
  }

  private playedOut(): void {
    this.playingOut = false;
  }

  /** Viewers are some seconds behind; when the stream ends, the last of them are still to be shown. */
  #plays(): boolean {
    const video = this.querySelector("video");
    return video !== null && !video.paused && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }
}
