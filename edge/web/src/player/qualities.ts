import "media-tracks/polyfill";
import type Hls from "hls.js";
import { Events } from "hls.js";

/**
 * Offers the stream's qualities to the player's controls, where there is a choice, and plays the one that is taken; "auto" leaves it to
 * the line. Returns how to end.
 */
export function offerQualities(hls: Hls, video: HTMLVideoElement): () => void {
  const offered = new AbortController();

  /** What is offered is in hls.js's own order, lowest first, so that places are the same. */
  function offer(): void {
    withdraw(video);
    if (hls.levels.length < 2) return;
    const track = video.addVideoTrack("main");
    track.selected = true;
    for (const [n, level] of hls.levels.entries()) {
      const rendition = track.addRendition(level.uri, level.width, level.height, level.videoCodec, level.bitrate);
      rendition.id = String(n);
    }
  }

  // Levels come once, and fewer of them when a rung has ended.
  hls.on(Events.MANIFEST_PARSED, offer);
  hls.on(Events.LEVELS_UPDATED, offer);
  // From the next part on: what is buffered is shown, so that nothing stalls.
  video.videoRenditions.addEventListener("change", () => (hls.loadLevel = video.videoRenditions.selectedIndex), {
    signal: offered.signal,
  });
  return () => {
    offered.abort();
    withdraw(video);
  };
}

function withdraw(video: HTMLVideoElement): void {
  for (const track of [...video.videoTracks]) video.removeVideoTrack(track);
}
