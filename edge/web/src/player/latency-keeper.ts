/** What the player knows of itself, in seconds. */
export interface Liveness {
  /** Behind the end of what is listed. */
  latency: number;
  /** How far behind the stream asks players to stay. */
  holdBack: number;
  /** Media that is there, ahead of what is shown. */
  buffered: number;
}

/** What a stall adds to the distance that is kept, and how much of that there can be. */
const STALL_SECONDS = 0.3;
const MOST_SECONDS = 2;
/** After so long without a stall some of it is taken back. */
const CALM_MS = 15_000;
const EASE_SECONDS = 0.1;
/** Nearer than this to where it is to be, the picture is left alone. */
const NEAR_SECONDS = 0.08;
/** More than this ahead of what is shown is needed to go faster. */
const RESERVE_SECONDS = 0.45;
/** Further behind than this the picture goes on as it is: someone may want it so, and a jump is not for us to make. */
const FAR_SECONDS = 8;

/**
 * Keeps a live picture near its target by playing a little faster or slower, without a clock of its own: each stall moves the target
 * away, and calm brings it back.
 */
export class LatencyKeeper {
  #extra = 0;
  #calmSince: number | null = null;

  /** How far behind the picture is to be. */
  target({ holdBack }: Liveness): number {
    return holdBack + this.#extra;
  }

  /** The picture had to wait for media. */
  stalled(now: number): void {
    this.#extra = Math.min(this.#extra + STALL_SECONDS, MOST_SECONDS);
    this.#calmSince = now;
  }

  /** How fast the picture is to go now. */
  rate(liveness: Liveness, now: number): number {
    this.#calmSince ??= now;
    if (now - this.#calmSince >= CALM_MS) {
      this.#extra = Math.max(0, this.#extra - EASE_SECONDS);
      this.#calmSince = now;
    }
    const late = liveness.latency - this.target(liveness);
    if (late > FAR_SECONDS || Math.abs(late) <= NEAR_SECONDS) return 1;
    if (late < 0) return 0.97;
    if (liveness.buffered < RESERVE_SECONDS) return 1;
    return late > 1 ? 1.1 : 1.05;
  }
}
