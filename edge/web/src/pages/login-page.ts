import { html } from "lit";
import { customElement, state } from "lit/decorators.js";
import { type FieldErrors, fieldErrors } from "../api/problem";
import { logIn } from "../api/session";
import { field, focusRefused, textOf } from "../components/field";
import { logo } from "../components/icons";
import { LightElement } from "../components/light-element";
import { formError } from "../components/notices";
import { navigate, pathWithReturn, returnPath } from "../router";
import "./sign-in.css";

@customElement("login-page")
export class LoginPage extends LightElement {
  @state() private errors: FieldErrors = {};
  @state() private busy = false;

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Log in · Spillway";
  }

  override render() {
    const { errors } = this;
    return html`
      <section class="card sign-in">
        <div>
          ${logo()}
          <h1>Welcome back</h1>
        </div>
        <form class="form" novalidate @submit=${this.submit}>
          ${formError(errors["form"])}
          ${field({
            name: "email",
            label: "E-mail",
            type: "email",
            autocomplete: "email",
            error: errors["email"],
            testid: "login-email",
          })}
          ${field({
            name: "password",
            label: "Password",
            type: "password",
            autocomplete: "current-password",
            error: errors["password"],
            testid: "login-password",
          })}
          <button class="button primary" ?disabled=${this.busy} data-testid="login-submit">Log in</button>
        </form>
        <p>New here? <a href=${pathWithReturn("/register")}>Make an account</a></p>
      </section>
    `;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.busy = true;
    try {
      await logIn(textOf(form, "email").trim(), textOf(form, "password"));
      navigate(returnPath(location.search, location.origin), { replace: true });
    } catch (error) {
      this.errors = fieldErrors(error, ["email", "password"]);
      await this.updateComplete;
      focusRefused(this);
    } finally {
      this.busy = false;
    }
  }
}
