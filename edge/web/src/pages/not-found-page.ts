import { customElement } from "lit/decorators.js";
import { LightElement } from "../components/light-element";
import { notFound } from "./failure";

@customElement("not-found-page")
export class NotFoundPage extends LightElement {
  override render() {
    return notFound();
  }
}
