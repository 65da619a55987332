import Hls, {
  type HlsConfig,
  type Loader,
  type LoaderCallbacks,
  type LoaderConfiguration,
  LoadStats,
  type PlaylistLoaderContext,
} from "hls.js";
import type { PlaylistFeed } from "../room/playlist-feed";

/** A playlist that was never pushed is asked for after this long. */
const FIRST_MS = 1_000;

/**
 * How hls.js gets its playlists: from the room's socket while there is one, as they change; otherwise, and when nothing comes that
 * way, by asking for them.
 */
export function feedLoader(feed: PlaylistFeed): NonNullable<HlsConfig["pLoader"]> {
  /** What hls.js was given last, by what it was for. */
  const given = new Map<string, { rendition: string; version: number }>();

  return class FeedLoader implements Loader<PlaylistLoaderContext> {
    context: PlaylistLoaderContext | null = null;
    stats = new LoadStats();
    readonly #asking: Loader<PlaylistLoaderContext>;
    #giveUp: (() => void) | null = null;
    #timer: ReturnType<typeof setTimeout> | undefined;

    constructor(config: HlsConfig) {
      this.#asking = new Hls.DefaultConfig.loader(config) as Loader<PlaylistLoaderContext>;
    }

    load(
      context: PlaylistLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<PlaylistLoaderContext>,
    ): void {
      this.context = context;
      this.stats.loading.start = performance.now();
      const rendition = /([a-z0-9]+)\.m3u8$/.exec(new URL(context.url, location.href).pathname)?.[1];
      if (context.type === "manifest" || rendition === undefined || !feed.open) {
        this.#ask(context, config, callbacks);
        return;
      }
      const last = given.get(context.type);
      // A reload that would be held waits for something newer; any other takes what there is.
      const seen = context.deliveryDirectives && last?.rendition === rendition ? last.version : null;
      const patience = seen === null ? FIRST_MS : config.loadPolicy.maxLoadTimeMs;
      this.#timer = setTimeout(() => {
        this.#stopWaiting();
        this.#ask(context, config, callbacks);
      }, patience);
      this.#giveUp = feed.next(context.type, rendition, seen, (playlist) => {
        this.#stopWaiting();
        if (playlist === null) {
          this.#ask(context, config, callbacks);
          return;
        }
        given.set(context.type, { rendition, version: playlist.version });
        const now = performance.now();
        const length = playlist.text.length;
        this.stats.loading = { start: now, first: now, end: now };
        Object.assign(this.stats, { loaded: length, total: length });
        // hls.js makes the loader known to itself only after `load` has returned.
        queueMicrotask(() => {
          if (this.stats.aborted) return;
          callbacks.onSuccess({ url: context.url, data: playlist.text, code: 200 }, this.stats, context, null);
        });
      });
    }

    abort(): void {
      this.stats.aborted = true;
      this.#stopWaiting();
      this.#asking.abort();
    }

    destroy(): void {
      this.stats.aborted = true;
      this.#stopWaiting();
      this.#asking.destroy();
      this.context = null;
    }

    getCacheAge(): number | null {
      return this.#asking.getCacheAge?.() ?? null;
    }

    getResponseHeader(name: string): string | null {
      return this.#asking.getResponseHeader?.(name) ?? null;
    }

    #ask(
      context: PlaylistLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<PlaylistLoaderContext>,
    ): void {
      if (this.stats.aborted) return;
      this.#asking.load(context, config, callbacks);
      this.stats = this.#asking.stats as LoadStats;
    }

    #stopWaiting(): void {
      clearTimeout(this.#timer);
      this.#giveUp?.();
      this.#giveUp = null;
    }
  };
}
