import { html } from "lit";
import { customElement, state } from "lit/decorators.js";
import { logOut, session } from "../api/session";
import { navigate, pathWithReturn } from "../navigation";
import { currentTheme, toggleTheme } from "../theme";
import { icon, logo } from "./icons";
import { LightElement } from "./light-element";
import { toastError } from "./toasts";
import "./top-bar.css";

@customElement("top-bar")
export class TopBar extends LightElement {
  @state() private user = session.user;
  @state() private theme = currentTheme();

  override connectedCallback(): void {
    super.connectedCallback();
    session.addEventListener("change", this.#refresh);
    // Where one comes back to after logging in.
    addEventListener("navigated", this.#refresh);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    session.removeEventListener("change", this.#refresh);
    removeEventListener("navigated", this.#refresh);
  }

  override render() {
    return html`
      <header class="bar">
        <a class="bar-home" href="/" aria-label="Spillway, home">${logo()}<span>Spillway</span></a>
        <nav class="bar-nav" aria-label="Main">
          ${
            this.user
              ? html`
                <a class="button quiet" href="/studio" data-testid="studio-link">Studio</a>
                <span class="bar-user" data-testid="username" title=${this.user.email}>${this.user.username}</span>
                <button class="button quiet" data-testid="logout" @click=${this.logOut}>Log out</button>
              `
              : html`
                <a class="button quiet" href=${pathWithReturn("/login")} data-testid="login-link">Log in</a>
                <a class="button primary" href=${pathWithReturn("/register")} data-testid="register-link">Sign up</a>
              `
          }
          <button
            class="button quiet icon-only"
            aria-label="Use the ${this.theme === "dark" ? "light" : "dark"} theme"
            data-testid="theme-toggle"
            @click=${this.toggleTheme}
          >
            ${icon(this.theme === "dark" ? "sun" : "moon")}
          </button>
        </nav>
      </header>
    `;
  }

  #refresh = (): void => {
    this.user = session.user;
    this.requestUpdate();
  };

  private toggleTheme(): void {
    this.theme = toggleTheme();
  }

  private async logOut(): Promise<void> {
    const told = logOut();
    // Not when the server has answered: whoever has gone on by then stays where they are.
    navigate("/");
    try {
      await told;
    } catch (error) {
      toastError(error);
    }
  }
}
