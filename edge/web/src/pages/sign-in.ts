import { html, type TemplateResult } from "lit";
import type { Field } from "../components/field";
import { logo } from "../components/icons";
import type { FormSubmission } from "./form-submission";
import "./sign-in.css";

export interface SignIn {
  heading: string;
  fields: readonly Field[];
  /** What the button says. */
  action: string;
  testid: string;
  /** For those who wanted the other page. */
  otherwise: TemplateResult;
}

/** The card by which one gets in, with an account or for one. */
export function signInCard(form: FormSubmission, { heading, fields, action, testid, otherwise }: SignIn) {
  return html`<section class="card sign-in">
    <div>
      ${logo()}
      <h1>${heading}</h1>
    </div>
    <form class="form" novalidate @submit=${form.submit}>
      ${form.error()} ${fields.map((field) => form.field(field))}
      <button class="button primary" ?disabled=${form.busy} data-testid=${testid}>${action}</button>
    </form>
    <p>${otherwise}</p>
  </section>`;
}
