import type { nothing, ReactiveControllerHost, TemplateResult } from "lit";
import { type FieldErrors, fieldErrors } from "../api/problem";
import { type Field, field, focusRefused } from "../components/field";
import { formError } from "../components/notices";

/** A form on its way to the server: whether it is under way, and what was refused, beside the field it is about. */
export class FormSubmission {
  busy = false;
  #errors: FieldErrors = {};

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly send: (data: FormData) => Promise<void>,
  ) {}

  /** What is wrong with no field in particular. */
  error(): TemplateResult | typeof nothing {
    return formError(this.#errors["form"]);
  }

  field(described: Field): TemplateResult {
    return field({ ...described, error: this.#errors[described.name] });
  }

  readonly submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    this.#set(true, this.#errors);
    try {
      await this.send(data);
      this.#set(false, {});
    } catch (error) {
      this.#set(false, fieldErrors(error, [...data.keys()]));
      await this.host.updateComplete;
      focusRefused(form);
    }
  };

  #set(busy: boolean, errors: FieldErrors): void {
    this.busy = busy;
    this.#errors = errors;
    this.host.requestUpdate();
  }
}
