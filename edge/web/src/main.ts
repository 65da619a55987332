import "./styles/tokens.css";
import "./styles/base.css";
import "./components/top-bar";
import "./components/toasts";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { LightElement } from "./components/light-element";
import { emptyState } from "./components/notices";
import { interceptLinks } from "./navigation";
import { routeOf } from "./router";

/** A page that stands alone has nobody to press a button. */
const LOAD_AGAIN_MS = 10_000;

/** The frame around all pages. */
@customElement("spillway-app")
export class SpillwayApp extends LightElement {
  @state() private view: TemplateResult | typeof nothing = nothing;
  @state() private bare = false;
  @query("main") private main!: HTMLElement;
  #path = "";

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("navigated", this.#show);
    void this.#show();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("navigated", this.#show);
  }

  override render() {
    if (this.bare) return html`<main>${this.view}</main>`;
    return html`
      <a class="skip-link" href="#main">Skip to the content</a>
      <top-bar></top-bar>
      <main id="main" tabindex="-1">${this.view}</main>
      <toast-stack></toast-stack>
    `;
  }

  #show = async (): Promise<void> => {
    const path = location.pathname;
    const first = this.#path === "";
    if (path === this.#path) return;
    this.#path = path;
    const route = routeOf(path);
    this.bare = route.bare ?? false;
    try {
      await route.load();
    } catch {
      // The page's script is not there: no network, or a newer version was deployed meanwhile.
      if (route.bare) {
        setTimeout(() => location.reload(), LOAD_AGAIN_MS);
        return;
      }
      this.view = emptyState(
        "This page could not be loaded",
        "The connection failed, or there is a newer version of Spillway.",
        html`<button class="button primary" @click=${() => location.reload()}>Load again</button>`,
      );
      return;
    }
    if (path !== location.pathname) return;
    // A page of the same kind for another stream is a new page.
    this.view = nothing;
    await this.updateComplete;
    this.view = route.view;
    await this.updateComplete;
    if (first) return;
    scrollTo(0, 0);
    this.main.focus({ preventScroll: true });
  };
}

interceptLinks();
