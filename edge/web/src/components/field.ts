import { html, nothing, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import "./field.css";

export interface Field {
  name: string;
  label: string;
  type?: "text" | "email" | "password" | "datetime-local" | "multiline";
  value?: string;
  hint?: string;
  error?: string | undefined;
  autocomplete?: AutoFill;
  maxlength?: number;
  required?: boolean;
  testid?: string;
}

/** A labelled input of a form, with what is wrong with it below. Its value is read from the form by `name`. */
export function field(field: Field): TemplateResult {
  const { name, label, type = "text", hint, error } = field;
  const described = [error && `${name}-error`, hint && `${name}-hint`].filter(Boolean).join(" ") || undefined;
  const input =
    type === "multiline"
      ? html`<textarea
          class="input"
          id=${name}
          name=${name}
          rows="4"
          maxlength=${ifDefined(field.maxlength)}
          aria-invalid=${error ? "true" : "false"}
          aria-describedby=${ifDefined(described)}
          data-testid=${ifDefined(field.testid)}
          .defaultValue=${field.value ?? ""}
        ></textarea>`
      : html`<input
          class="input"
          id=${name}
          name=${name}
          type=${type}
          ?required=${field.required}
          maxlength=${ifDefined(field.maxlength)}
          autocomplete=${field.autocomplete ?? "off"}
          aria-invalid=${error ? "true" : "false"}
          aria-describedby=${ifDefined(described)}
          data-testid=${ifDefined(field.testid)}
          .defaultValue=${field.value ?? ""}
        />`;
  return html`<div class="field">
    <label for=${name}>${label}</label>
    ${input}
    ${error ? html`<p class="field-error" id="${name}-error">${error}</p>` : nothing}
    ${hint ? html`<p class="field-hint" id="${name}-hint">${hint}</p>` : nothing}
  </div>`;
}

/** A switch of a form: on when the form data has `name`. */
export function toggle(name: string, label: string, on: boolean): TemplateResult {
  return html`<label class="toggle"><input type="checkbox" name=${name} .defaultChecked=${on} /> ${label}</label>`;
}

/** Leads whoever cannot see the page to the first field that was refused. */
export function focusRefused(form: HTMLElement): void {
  form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}

/** What a form holds under `name`. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
