import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { session } from "../api/session";
import { textOf } from "../components/field";
import { icon } from "../components/icons";
import { LightElement } from "../components/light-element";
import { emptyState } from "../components/notices";
import "./home-page.css";
import type { Shelf } from "./stream-shelves";
import "./stream-shelves";

@customElement("home-page")
export class HomePage extends LightElement {
  @state() private query = "";
  @state() private shelves: readonly Shelf[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Spillway";
    addEventListener("navigated", this.#read);
    this.#read();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("navigated", this.#read);
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
        <stream-shelves .shelves=${this.shelves} .empty=${this.query ? nothingFound(this.query) : nothingYet()}>
        </stream-shelves>
      </div>
    `;
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
    this.shelves = shelves(this.query);
  };
}

function shelves(q: string): readonly Shelf[] {
  const search = q ? { q } : {};
  return [
    {
      title: "Live now",
      query: { status: "LIVE", limit: 24, ...search },
      ...(!q && { none: "Nobody is live just now." }),
    },
    { title: "Coming up", query: { status: "SCHEDULED", limit: 12, ...search } },
    { title: "Ended", query: { status: "ENDED", limit: 12, ...search } },
  ];
}

function nothingFound(query: string): TemplateResult {
  return emptyState("Nothing found", `No stream goes by “${query}”.`, html`<a class="button" href="/">See all</a>`);
}

function nothingYet(): TemplateResult {
  return emptyState(
    "Still water",
    "Nobody has made a stream yet. It takes a title and an encoder.",
    html`<a class="button primary" href=${session.user ? "/studio" : "/register"}>Be the first</a>`,
  );
}
