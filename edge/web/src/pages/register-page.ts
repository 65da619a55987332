import { html } from "lit";
import { customElement, state } from "lit/decorators.js";
import { type FieldErrors, fieldErrors } from "../api/problem";
import { register } from "../api/session";
import { field, focusRefused, textOf } from "../components/field";
import { logo } from "../components/icons";
import { LightElement } from "../components/light-element";
import { formError } from "../components/notices";
import { navigate, pathWithReturn, returnPath } from "../router";
import "./sign-in.css";

@customElement("register-page")
export class RegisterPage extends LightElement {
  @state() private errors: FieldErrors = {};
  @state() private busy = false;

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Sign up · Spillway";
  }

  override render() {
    const { errors } = this;
    return html`
      <section class="card sign-in">
        <div>
          ${logo()}
          <h1>Make an account</h1>
        </div>
        <form class="form" novalidate @submit=${this.submit}>
          ${formError(errors["form"])}
          ${field({
            name: "username",
            label: "Name",
            hint: "3 to 30 letters, digits, _ and -. Everyone sees it.",
            autocomplete: "username",
            maxlength: 30,
            error: errors["username"],
            testid: "register-username",
          })}
          ${field({
            name: "email",
            label: "E-mail",
            type: "email",
            autocomplete: "email",
            error: errors["email"],
            testid: "register-email",
          })}
          ${field({
            name: "password",
            label: "Password",
            type: "password",
            hint: "8 characters or more.",
            autocomplete: "new-password",
            error: errors["password"],
            testid: "register-password",
          })}
          <button class="button primary" ?disabled=${this.busy} data-testid="register-submit">Sign up</button>
        </form>
        <p>Been here before? <a href=${pathWithReturn("/login")}>Log in</a></p>
      </section>
    `;
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.busy = true;
    try {
      await register(textOf(form, "username").trim(), textOf(form, "email").trim(), textOf(form, "password"));
      navigate(returnPath(location.search, location.origin), { replace: true });
    } catch (error) {
      this.errors = fieldErrors(error, ["username", "email", "password"]);
      await this.updateComplete;
      focusRefused(this);
    } finally {
      this.busy = false;
    }
  }
}
