import { html } from "lit";
import { customElement } from "lit/decorators.js";
import { LightElement } from "../components/light-element";
import { notFound } from "./not-found";

@customElement("not-found-page")
export class NotFoundPage extends LightElement {
  override render() {
    return html`<div class="page">${notFound()}</div>`;
  }
}
