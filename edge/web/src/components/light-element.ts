import { LitElement } from "lit";

/** A custom element that renders into the page itself, where the style sheets and test hooks reach it. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
