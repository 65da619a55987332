import type Hls from "hls.js";
import { AbrController, Events, type FragLoadedData } from "hls.js";

/** A part of the picture, by its place. */
export interface PartPlace {
  /** Of its segment: the media sequence number. */
  sn: number;
  /** In its segment. */
  index: number;
  /** Whether it has a keyframe. */
  independent: boolean;
}

/** With less than this ahead of what is shown there is no time to wait for a keyframe. */
const HURRY_SECONDS = 0.25;

/** Whether the part after `last` can be taken from another rendition without loading again what is there. */
export function canChangeAfter(last: Pick<PartPlace, "sn" | "index">, listed: readonly PartPlace[]): boolean {
  const isAfter = (part: PartPlace) => part.sn > last.sn || (part.sn === last.sn && part.index > last.index);
  const next = listed.find(isAfter);
  // Not listed yet: what it will be is not known. Long out of the list: there is nothing to go on from.
  if (next === undefined) return false;
  return next.independent || next.sn > last.sn + 1;
}

/**
 * Which rendition is loaded next, as hls.js finds by the line; but it changes where a keyframe is. Elsewhere it would have to load the
 * segment again from its beginning, for which there is neither line nor time near the live edge.
 */
export class KeyframeSwitching extends AbrController {
  readonly #hls: Hls;
  #last: { level: number; sn: number; index: number } | null = null;
  /** The rendition that is kept until there is a keyframe. */
  #kept: number | null = null;

  constructor(hls: Hls) {
    super(hls);
    this.#hls = hls;
    hls.on(Events.FRAG_LOADED, this.#loaded);
  }

  override get nextAutoLevel(): number {
    const next = super.nextAutoLevel;
    this.#kept = this.#mayChange(next) ? null : (this.#last?.level ?? null);
    return this.#kept ?? next;
  }

  override set nextAutoLevel(level: number) {
    // hls.js hands back what it was given, and would then stay there.
    if (level !== this.#kept) super.nextAutoLevel = level;
  }

  override destroy(): void {
    this.#hls.off(Events.FRAG_LOADED, this.#loaded);
    super.destroy();
  }

  readonly #loaded = (_: Events.FRAG_LOADED, { frag, part }: FragLoadedData): void => {
    if (frag.type !== "main" || frag.sn === "initSegment") return;
    if (part !== null) {
      // hls.js itself learns of the line by the last part of each segment alone, which near the live edge is too late.
      const { loading, loaded } = part.stats;
      const waited = Math.min(loading.first - loading.start, this.bwEstimator.getEstimateTTFB());
      this.bwEstimator.sample(loading.end - loading.start - waited, loaded);
    }
    // After a whole segment the next one's keyframe comes.
    this.#last = part === null ? null : { level: frag.level, sn: frag.sn, index: part.index };
  };

  #mayChange(next: number): boolean {
    const last = this.#last;
    if (last === null || next === last.level) return true;
    const level = this.#hls.levels[last.level];
    if (level === undefined || level.loadError > 0 || level.fragmentError > 0) return true;
    if (next < last.level && (this.#hls.mainForwardBufferInfo?.len ?? 0) < HURRY_SECONDS) return true;
    const listed = level.details?.partList?.map(({ fragment, index, independent }) => ({
      sn: fragment.sn,
      index,
      independent,
    }));
    return canChangeAfter(last, listed ?? []);
  }
}
