import "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-control-bar.js";
import "media-chrome/dist/media-fullscreen-button.js";
import "media-chrome/dist/media-live-button.js";
import "media-chrome/dist/media-loading-indicator.js";
import "media-chrome/dist/media-mute-button.js";
import "media-chrome/dist/media-pip-button.js";
import "media-chrome/dist/media-play-button.js";
import "media-chrome/dist/media-volume-range.js";
import "media-chrome/dist/menu/media-chrome-menu-item.js";
import "media-chrome/dist/menu/media-rendition-menu.js";
import "media-chrome/dist/menu/media-rendition-menu-button.js";
import "./live-player.css";
import { html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { icon } from "../components/icons";
import { LightElement } from "../components/light-element";
import type { PlaylistFeed } from "../room/playlist-feed";
import { type Playback, type PlaybackFigures, play } from "./playback";

/**
 * The picture with its controls. It plays while `src` is set; what to show instead is the page's own, put over it.
 * Tells `player-ended` when the last frame was shown, and `player-figures` as time goes on.
 */
@customElement("live-player")
export class LivePlayer extends LightElement {
  @property() src: string | null = null;
  /** Whether the room's socket is open. */
  @property({ attribute: false }) counted: () => boolean = () => false;
  /** Playlists as the room pushes them. */
  @property({ attribute: false }) playlists: PlaylistFeed | null = null;
  /** The stream has ended: what was buffered is still shown. */
  @property({ type: Boolean }) over = false;
  /** Begins without sound, and says nothing about it. */
  @property({ type: Boolean }) quiet = false;

  @state() private silenced = false;
  @state() private blocked = false;
  @query("video") private video!: HTMLVideoElement;
  #playback: Playback | null = null;
  #playedWhenFrozen = false;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("freeze", this.#frozen);
    document.addEventListener("resume", this.#thawed);
  }

  override render() {
    return html`
      <media-controller defaultstreamtype="live" data-testid="player" aria-label="Player">
        <video
          slot="media"
          playsinline
          ?hidden=${this.src === null}
          @loadstart=${this.start}
          @loadeddata=${this.start}
          @timeupdate=${this.tellFigures}
          @volumechange=${this.heard}
          @ended=${this.tellEnded}
        ></video>
        <media-loading-indicator slot="centered-chrome" noautohide></media-loading-indicator>
        <media-rendition-menu hidden anchor="auto" data-testid="qualities"></media-rendition-menu>
        <media-control-bar ?hidden=${this.src === null}>
          <media-play-button></media-play-button>
          <media-mute-button></media-mute-button>
          <media-volume-range></media-volume-range>
          <media-live-button></media-live-button>
          <span class="player-spacer"></span>
          <media-rendition-menu-button data-testid="quality"></media-rendition-menu-button>
          <media-pip-button></media-pip-button>
          <media-fullscreen-button></media-fullscreen-button>
        </media-control-bar>
      </media-controller>
      ${
        this.blocked
          ? html`<button class="button primary player-prompt" @click=${this.start}>${icon("play")} Play</button>`
          : this.silenced && !this.quiet
            ? html`<button class="button player-prompt" data-testid="unmute" @click=${this.unmute}>
                ${icon("muted")} Tap for sound
              </button>`
            : nothing
      }
    `;
  }

  protected override firstUpdated(): void {
    this.video.muted = this.quiet;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("src")) return;
    this.#stop();
    if (this.src === null) return;
    this.#playback = play(this.video, {
      url: this.src,
      counted: () => this.counted(),
      playlists: this.playlists,
      over: () => this.over,
      finished: () => this.tellEnded(),
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("freeze", this.#frozen);
    document.removeEventListener("resume", this.#thawed);
    this.#stop();
  }

  /**
   * Plays, as soon as there is something to load: hls.js skips the gap before the first frame only in a picture that is
   * meant to play. Browsers may forbid sound before the person has touched the page; some say so only when they know that
   * there is any, so it is asked again then. A picture without sound is better than none.
   */
  private async start(): Promise<void> {
    try {
      await this.video.play();
      this.blocked = false;
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      if (this.video.muted) {
        this.blocked = true;
        return;
      }
      this.video.muted = true;
      this.silenced = true;
      await this.start();
    }
  }

  /** A browser may freeze a tab that nobody looks at, and leaves its picture paused. */
  #frozen = (): void => {
    this.#playedWhenFrozen = this.src !== null && !this.video.paused;
  };

  #thawed = (): void => {
    if (this.#playedWhenFrozen) void this.start();
  };

  private unmute(): void {
    this.video.muted = false;
  }

  private heard(): void {
    if (!this.video.muted) this.silenced = false;
  }

  private tellFigures(): void {
    if (this.#playback) this.#tell<PlaybackFigures>("player-figures", this.#playback.figures());
  }

  private tellEnded(): void {
    this.#tell("player-ended", null);
  }

  #tell<T>(type: string, detail: T): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #stop(): void {
    this.#playback?.stop();
    this.#playback = null;
    this.blocked = false;
  }
}
