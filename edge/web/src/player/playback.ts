import Hls, { ErrorTypes, Events, type HlsConfig } from "hls.js";
import type { PlaylistFeed } from "../room/playlist-feed";
import { feedLoader } from "./feed-loader";
import { KeyframeSwitching } from "./keyframe-switching";
import { LatencyKeeper } from "./latency-keeper";
import { offerQualities } from "./qualities";
import { Recovery } from "./recovery";

/** A picture's figures, as far as the engine knows them. */
export interface PlaybackFigures {
  width: number;
  height: number;
  /** Seconds behind the encoder; `null` where it cannot be told. */
  latency: number | null;
  droppedFrames: number;
}

export interface Playback {
  figures(): PlaybackFigures;
  stop(): void;
}

export interface PlaybackOptions {
  url: string;
  /** Whether the room counts this viewer by its socket: then playlists say so, and it is not counted twice. */
  counted(): boolean;
  /** Playlists as the room pushes them; `null` where there is no room. */
  playlists: PlaylistFeed | null;
  /** Whether the stream has ended: then an error is no reason to try again, but the end of what there was. */
  over(): boolean;
  /** Called when nothing more can come after the end. A playlist that says its end leads to the video's own `ended` event. */
  finished(): void;
}

/** Plays a live HLS playlist in `video` and keeps at it until it is stopped. */
export function play(video: HTMLVideoElement, options: PlaybackOptions): Playback {
  return Hls.isSupported() ? playWithHls(video, options) : playNatively(video, options);
}

function playWithHls(video: HTMLVideoElement, options: PlaybackOptions): Playback {
  const { url, counted, playlists, over, finished } = options;
  const config: Partial<HlsConfig> = {
    lowLatencyMode: true,
    // Where the playlist names no hold-back, hls.js keeps 3 target durations; setting a count would overrule a playlist that does. It
    // goes there at the start; staying there is the keeper's: hls.js goes faster only with a second of reserve, more than there is.
    maxLiveSyncPlaybackRate: 1,
    liveSyncOnStallIncrease: 0,
    // By this the controls know a live stream.
    liveDurationInfinity: true,
    backBufferLength: 30,
    // In seconds of loading, half as much counts of what was seen of the line before. There is hardly a second of reserve, so that a
    // line that gets narrow must be believed within some parts.
    abrController: KeyframeSwitching,
    abrEwmaFastLive: 0.3,
    abrEwmaSlowLive: 3,
    // Our playlists have no interstitials, and what is in charge of them holds loading back near the live edge.
    enableInterstitialPlayback: false,
    // The media is fMP4 and needs no transmuxing; without a worker the page needs no `worker-src`.
    enableWorker: false,
    xhrSetup: (xhr, target) => {
      const { origin, pathname } = new URL(target, location.href);
      if (origin === location.origin && pathname.endsWith(".m3u8") && counted()) {
        xhr.setRequestHeader("spillway-socket", "1");
      }
    },
  };
  const recovery = new Recovery(Math.random);
  const keeper = new LatencyKeeper();
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let withdraw = () => {};
  let hls = begin();
  video.addEventListener("timeupdate", keep, { signal: stopped.signal });
  video.addEventListener("waiting", () => hls.latestLevelDetails?.live && keeper.stalled(performance.now()), {
    signal: stopped.signal,
  });

  function begin(): Hls {
    const engine = new Hls({ ...config, ...(playlists && { pLoader: feedLoader(playlists) }) });
    // After a long stall go to the live edge instead of playing on from the past. The constructor takes this only
    // beside a sync count.
    engine.config.liveMaxLatencyDurationCount = 10;
    engine.on(Events.FRAG_BUFFERED, () => recovery.healthy());
    engine.on(Events.ERROR, (_, error) => {
      if (!error.fatal) return;
      if (over()) {
        finished();
        return;
      }
      const kind =
        error.type === ErrorTypes.NETWORK_ERROR ? "network" : error.type === ErrorTypes.MEDIA_ERROR ? "media" : "other";
      const remedy = recovery.after(kind, performance.now());
      clearTimeout(timer);
      if (remedy.do === "recover-media") {
        engine.recoverMediaError();
        // hls.js stops all loading at a fatal error. Recovering alone does not ask for live playlists again: what was
        // listed would be played, and then nothing.
        engine.startLoad();
      } else if (remedy.do === "start-over") timer = setTimeout(startOver, remedy.afterMs);
      // Without a multivariant playlist there is no level whose loading could start.
      else timer = setTimeout(engine.levels.length > 0 ? () => engine.startLoad() : startOver, remedy.afterMs);
    });
    withdraw = offerQualities(engine, video);
    engine.loadSource(url);
    engine.attachMedia(video);
    return engine;
  }

  /** Keeps the picture as near as the stream asks, and the line allows. */
  function keep(): void {
    const details = hls.latestLevelDetails;
    if (!details?.live || video.paused || video.seeking || hls.latency <= 0) return;
    const holdBack = details.partHoldBack || details.holdBack || details.targetduration * 3;
    const rate = keeper.rate({ latency: hls.latency, holdBack, buffered: ahead(video) }, performance.now());
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  function startOver(): void {
    withdraw();
    hls.destroy();
    hls = begin();
  }

  return {
    figures: () => ({ ...seen(video), latency: Number.isFinite(hls.latency) && hls.latency > 0 ? hls.latency : null }),
    stop() {
      stopped.abort();
      clearTimeout(timer);
      withdraw();
      hls.destroy();
      playlists?.stop();
    },
  };
}

/** For Safari without Media Source Extensions. It asks for playlists itself, so that nothing can be put into its requests. */
function playNatively(video: HTMLVideoElement, { url, over, finished }: PlaybackOptions): Playback {
  const recovery = new Recovery(Math.random);
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = () => {
    video.src = url;
  };
  video.addEventListener("playing", () => recovery.healthy(), { signal: stopped.signal });
  video.addEventListener(
    "error",
    () => {
      if (over()) {
        finished();
        return;
      }
      const remedy = recovery.after("network", performance.now());
      clearTimeout(timer);
      timer = setTimeout(begin, "afterMs" in remedy ? remedy.afterMs : 0);
    },
    { signal: stopped.signal },
  );
  begin();
  return {
    figures: () => ({ ...seen(video), latency: null }),
    stop() {
      stopped.abort();
      clearTimeout(timer);
      video.removeAttribute("src");
      video.load();
    },
  };
}

/** Seconds of picture and sound that are there, ahead of what is shown. */
function ahead({ buffered, currentTime }: HTMLVideoElement): number {
  for (let n = 0; n < buffered.length; n++) {
    if (buffered.start(n) <= currentTime && currentTime <= buffered.end(n)) return buffered.end(n) - currentTime;
  }
  return 0;
}

function seen(video: HTMLVideoElement): Omit<PlaybackFigures, "latency"> {
  return {
    width: video.videoWidth,
    height: video.videoHeight,
    droppedFrames: video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0,
  };
}
