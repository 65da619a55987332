import { html } from "lit";
import { customElement } from "lit/decorators.js";
import { register } from "../api/session";
import { textOf } from "../components/field";
import { LightElement } from "../components/light-element";
import { navigate, pathWithReturn, returnPath } from "../navigation";
import { FormSubmission } from "./form-submission";
import { signInCard } from "./sign-in";

@customElement("register-page")
export class RegisterPage extends LightElement {
  readonly #form = new FormSubmission(this, async (form) => {
    await register(textOf(form, "username").trim(), textOf(form, "email").trim(), textOf(form, "password"));
    navigate(returnPath(location.search, location.origin), { replace: true });
  });

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "Sign up · Spillway";
  }

  override render() {
    return signInCard(this.#form, {
      heading: "Make an account",
      fields: [
        {
          name: "username",
          label: "Name",
          hint: "3 to 30 letters, digits, _ and -. Everyone sees it.",
          autocomplete: "username",
          maxlength: 30,
          testid: "register-username",
        },
        { name: "email", label: "E-mail", type: "email", autocomplete: "email", testid: "register-email" },
        {
          name: "password",
          label: "Password",
          type: "password",
          hint: "8 characters or more.",
          autocomplete: "new-password",
          testid: "register-password",
        },
      ],
      action: "Sign up",
      testid: "register-submit",
      otherwise: html`Been here before? <a href=${pathWithReturn("/login")}>Log in</a>`,
    });
  }
}
