import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { answer } from "../api/answer";
import { api } from "../api/client";
import { wordsForError } from "../api/problem";
import { session } from "../api/session";
import type { Stream, StreamStatus } from "../api/types";
import { textOf } from "../components/field";
import { icon } from "../components/icons";
import { LightElement } from "../components/light-element";
import { emptyState, spinner } from "../components/notices";
import { streamCard } from "../components/stream-card";
import "./home-page.css";

interface Shelf {
  title: string;
  streams: Stream[];
}

const SHELVES: readonly { title: string; status: StreamStatus; limit: number }[] = [
  { title: "Live now", status: "LIVE", limit: 24 },
  { title: "Coming up", status: "SCHEDULED", limit: 12 },
  { title: "Ended", status: "ENDED", limit: 12 },
];

@customElement("home-page")
export class HomePage extends LightElement {
  @state() private query = "";
  @state() private shelves: Shelf[] | null = null;
  @state() private failure: string | null = null;
  #load: AbortController | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Spillway";
    addEventListener("navigated", this.#read);
    this.#read();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("navigated", this.#read);
    this.#load?.abort();
  }

  override render() {
    return html`
      <div class="page home">
        <div class="home-head">
          <h1>Live, <em>as it flows.</em></h1>
          <form class="home-search" role="search" @submit=${this.search}>
            ${icon("search")}
            <input
              class="input"
              type="search"
              name="q"
              aria-label="Search streams"
              placeholder="Search streams"
              maxlength="100"
              data-testid="search"
              .value=${this.query}
            />
          </form>
        </div>
        ${this.list()}
      </div>
    `;
  }

  private list(): TemplateResult {
    if (this.failure !== null) {
      return emptyState(
        "The list did not arrive",
        this.failure,
        html`<button class="button" @click=${this.#read}>Try again</button>`,
      );
    }
    if (this.shelves === null) return spinner("Loading streams");
    const filled = this.shelves.filter(({ streams }) => streams.length > 0);
    if (filled.length === 0) {
      return this.query
        ? emptyState(
            "Nothing found",
            `No stream goes by “${this.query}”.`,
            html`<a class="button" href="/">See all</a>`,
          )
        : emptyState(
            "Still water",
            "Nobody has made a stream yet. It takes a title and an encoder.",
            html`<a class="button primary" href=${session.user ? "/studio" : "/register"}>Be the first</a>`,
          );
    }
    const now = new Date();
    return html`${filled.map(
      ({ title, streams }) => html`<section class="home-shelf">
        <h2>${title}</h2>
        <div class="stream-grid">${streams.map((stream) => streamCard(stream, `/watch/${stream.id}`, now))}</div>
      </section>`,
    )}${filled.every(({ title }) => title !== "Live now") && !this.query ? html`<p class="home-quiet">Nobody is live just now.</p>` : nothing}`;
  }

  private search(event: SubmitEvent): void {
    event.preventDefault();
    const query = textOf(new FormData(event.target as HTMLFormElement), "q").trim();
    history.replaceState(null, "", query ? `/?${new URLSearchParams({ q: query })}` : "/");
    this.#read();
  }

  #read = (): void => {
    if (location.pathname !== "/") return;
    this.query = new URLSearchParams(location.search).get("q") ?? "";
    void this.fetchShelves();
  };

  private async fetchShelves(): Promise<void> {
    this.#load?.abort();
    const load = new AbortController();
    this.#load = load;
    this.failure = null;
    try {
      const shelves = await Promise.all(
        SHELVES.map(async ({ title, status, limit }) => {
          const query = { status, limit, ...(this.query && { q: this.query }) };
          const call = api.GET("/api/v1/streams", { params: { query }, signal: load.signal });
          return { title, streams: (await answer(call)).items };
        }),
      );
      if (!load.signal.aborted) this.shelves = shelves;
    } catch (error) {
      if (!load.signal.aborted) this.failure = wordsForError(error);
    }
  }
}
