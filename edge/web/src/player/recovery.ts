import { backoff } from "../backoff";

/** What to do after an error that stops playback. */
export type Remedy =
  | { do: "load-again"; afterMs: number }
  | { do: "recover-media" }
  | { do: "start-over"; afterMs: number };

/** A second decoder error this soon after the first means that recovering did not help. */
const MEDIA_AGAIN_MS = 8_000;

/** Decides how playback goes on after fatal errors; it always does, sooner or later. */
export class Recovery {
  #failures = 0;
  #mediaErrorAt: number | null = null;

  constructor(private readonly random: () => number) {}

  after(kind: "network" | "media" | "other", now: number): Remedy {
    if (kind === "media" && (this.#mediaErrorAt === null || now - this.#mediaErrorAt > MEDIA_AGAIN_MS)) {
      this.#mediaErrorAt = now;
      return { do: "recover-media" };
    }
    const afterMs = backoff(this.#failures, this.random, 500, 10_000);
    this.#failures += 1;
    return kind === "network" ? { do: "load-again", afterMs } : { do: "start-over", afterMs };
  }

  /** Media arrives again. */
  healthy(): void {
    this.#failures = 0;
  }
}
