import { html } from "lit";
import { customElement } from "lit/decorators.js";
import { logIn } from "../api/session";
import { textOf } from "../components/field";
import { LightElement } from "../components/light-element";
import { navigate, pathWithReturn, returnPath } from "../navigation";
import { FormSubmission } from "./form-submission";
import { signInCard } from "./sign-in";

@customElement("login-page")
export class LoginPage extends LightElement {
  readonly #form = new FormSubmission(this, async (form) => {
    await logIn(textOf(form, "email").trim(), textOf(form, "password"));
    navigate(returnPath(location.search, location.origin), { replace: true });
  });

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Log in · Spillway";
  }

  override render() {
    return signInCard(this.#form, {
      heading: "Welcome back",
      fields: [
        { name: "email", label: "E-mail", type: "email", autocomplete: "email", testid: "login-email" },
        {
          name: "password",
          label: "Password",
          type: "password",
          autocomplete: "current-password",
          testid: "login-password",
        },
      ],
      action: "Log in",
      testid: "login-submit",
      otherwise: html`New here? <a href=${pathWithReturn("/register")}>Make an account</a>`,
    });
  }
}
