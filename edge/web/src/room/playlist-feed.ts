import type { PlaylistNews } from "../api/types";

/** A media playlist as it is now; `version` tells it from what it was before. */
export interface PlaylistText {
  text: string;
  version: number;
}

/** Takes a playlist, or `null` when none comes this way any more. */
type Taker = (playlist: PlaylistText | null) => void;

/**
 * Media playlists that the room pushes, without a socket or a clock: what is wanted goes out through `watch`, news come in, and
 * whoever waits for a newer text gets it at once.
 */
export class PlaylistFeed {
  /** What is wanted, by what it is wanted for: the picture, the sound. */
  readonly #wanted = new Map<string, string>();
  readonly #texts = new Map<string, { lines: string[]; version: number }>();
  readonly #takers = new Map<string, Set<Taker>>();
  #open = false;
  #versions = 0;

  constructor(private readonly watch: (renditions: string[]) => void) {}

  /** Whether playlists come this way. */
  get open(): boolean {
    return this.#open;
  }

  /** The room has let us in. */
  opened(): void {
    this.#open = true;
    if (this.#wanted.size > 0) this.watch([...this.#wanted.values()]);
  }

  /** The socket is gone; what was known may be old when it comes back. */
  closed(): void {
    this.#open = false;
    this.#texts.clear();
    for (const rendition of [...this.#takers.keys()]) this.#tell(rendition, null);
  }

  /** The player is gone. */
  stop(): void {
    this.#wanted.clear();
    if (this.#open) this.watch([]);
    this.#texts.clear();
  }

  /** The room tells. */
  received(playlists: readonly PlaylistNews[]): void {
    for (const { rendition, text, edits } of playlists) {
      const lines = text?.split("\n") ?? this.#texts.get(rendition)?.lines.slice();
      if (lines === undefined) continue;
      // From the last to the first, so that none moves another.
      for (const { at, remove, insert } of [...(edits ?? [])].reverse()) lines.splice(at, remove, ...insert);
      this.#versions += 1;
      this.#texts.set(rendition, { lines, version: this.#versions });
      this.#tell(rendition, this.#text(rendition));
    }
  }

  /**
   * Hands a rendition's playlist to `take` once it is newer than `seen`; `purpose` is what it is wanted for. Returns how to give up.
   */
  next(purpose: string, rendition: string, seen: number | null, take: Taker): () => void {
    if (this.#wanted.get(purpose) !== rendition) {
      this.#wanted.set(purpose, rendition);
      if (this.#open) this.watch([...this.#wanted.values()]);
    }
    const known = this.#text(rendition);
    if (!this.#open || (known !== null && (seen === null || known.version > seen))) {
      take(this.#open ? known : null);
      return () => {};
    }
    const takers = this.#takers.get(rendition) ?? new Set();
    this.#takers.set(rendition, takers.add(take));
    return () => takers.delete(take);
  }

  #text(rendition: string): PlaylistText | null {
    const known = this.#texts.get(rendition);
    return known ? { text: known.lines.join("\n"), version: known.version } : null;
  }

  #tell(rendition: string, playlist: PlaylistText | null): void {
    const takers = this.#takers.get(rendition);
    this.#takers.delete(rendition);
    for (const take of takers ?? []) take(playlist);
  }
}
