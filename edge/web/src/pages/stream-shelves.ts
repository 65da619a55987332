import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { wordsForError } from "../api/problem";
import type { Stream, StreamQuery } from "../api/types";
import { LightElement } from "../components/light-element";
import { emptyState, spinner } from "../components/notices";
import { streamCard } from "../components/stream-card";
import { toastError } from "../components/toasts";
import "./stream-shelves.css";

/** Streams that belong together. */
export interface Shelf {
  query: StreamQuery;
  title?: string;
  /** What is said when it is empty but another one is not. */
  none?: string;
}

interface FilledShelf extends Shelf {
  streams: readonly Stream[];
  nextCursor: string | null;
}

/** Lists of streams as cards, loaded whenever `shelves` are others. */
@customElement("stream-shelves")
export class StreamShelves extends LightElement {
  @property({ attribute: false }) shelves: readonly Shelf[] = [];
  /** What stands here when there is not one stream. */
  @property({ attribute: false }) empty: TemplateResult | typeof nothing = nothing;
  /** Where the cards lead; the stream's id follows. */
  @property() base = "/watch/";

  @state() private filled: readonly FilledShelf[] | null = null;
  @state() private failure: string | null = null;
  #loading = new AbortController();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#loading.abort();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("shelves")) void this.load();
  }

  override render() {
    if (this.failure !== null) {
      return emptyState(
        "The list did not arrive",
        this.failure,
        html`<button class="button" @click=${this.load}>Try again</button>`,
      );
    }
    if (this.filled === null) return spinner("Loading streams");
    if (this.filled.every(({ streams }) => streams.length === 0)) return this.empty;
    const now = new Date();
    return this.filled.map((shelf) => this.shelf(shelf, now));
  }

  private shelf(shelf: FilledShelf, now: Date): TemplateResult | typeof nothing {
    const { title, none, streams, nextCursor } = shelf;
    if (streams.length === 0 && none === undefined) return nothing;
    return html`<section class="shelf">
      ${title === undefined ? nothing : html`<h2>${title}</h2>`}
      ${
        streams.length === 0
          ? html`<p class="shelf-none">${none}</p>`
          : html`<div class="stream-grid">
              ${streams.map((stream) => streamCard(stream, this.base + stream.id, now))}
            </div>`
      }
      ${
        nextCursor === null
          ? nothing
          : html`<button class="button" @click=${() => this.more(shelf, nextCursor)}>Show more</button>`
      }
    </section>`;
  }

  private async load(): Promise<void> {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.failure = null;
    try {
      const filled = await Promise.all(
        this.shelves.map(async (shelf) => ({ ...shelf, ...(await page(shelf.query, signal)) })),
      );
      if (!signal.aborted) this.filled = filled;
    } catch (error) {
      if (!signal.aborted) this.failure = wordsForError(error);
    }
  }

  private async more(shelf: FilledShelf, cursor: string): Promise<void> {
    const { signal } = this.#loading;
    try {
      const next = await page({ ...shelf.query, cursor }, signal);
      const longer = { ...shelf, ...next, streams: [...shelf.streams, ...next.streams] };
      // A second press finds another shelf in its place.
      this.filled = this.filled?.map((other) => (other === shelf ? longer : other)) ?? null;
    } catch (error) {
      if (!signal.aborted) toastError(error);
    }
  }
}

async function page(query: StreamQuery, signal: AbortSignal): Promise<Pick<FilledShelf, "streams" | "nextCursor">> {
  const { items, nextCursor } = await answer(api.GET("/api/v1/streams", { params: { query }, signal }));
  return { streams: items, nextCursor };
}
