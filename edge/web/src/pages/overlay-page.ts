import { html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { chatAuthor } from "../components/chat-author";
import { LightElement } from "../components/light-element";
import { RoomConnection } from "../room/room-connection";
import "./overlay-page.css";

/** More lines than any screen holds. */
const MOST = 100;
/** A room that lets nobody in now, because it is full, may do so later. */
const ASK_AGAIN_MS = 30_000;

/** A stream's chat to be laid over its picture, as a browser source in OBS: lines and nothing else, whatever happens. */
@customElement("overlay-page")
export class OverlayPage extends LightElement {
  @property() streamId = "";
  #connection: RoomConnection | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    const connection = new RoomConnection(this.streamId, "nobody");
    this.#connection = connection;
    connection.on("change", () => this.requestUpdate());
    connection.on("join", ({ detail }) => {
      clearTimeout(this.#again);
      if (!detail.accessGranted) this.#again = setTimeout(() => void connection.connect(), ASK_AGAIN_MS);
    });
    void connection.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#again);
    this.#connection?.leave();
  }

  override render() {
    const { title = null, entries = [] } = this.#connection?.view ?? {};
    if (title !== null) document.title = title;
    return repeat(
      entries.filter((entry) => entry.kind === "line").slice(-MOST),
      ({ key }) => key,
      (line) => html`<p class="overlay-line" data-testid="chat-line" data-state=${line.state}>
        ${chatAuthor(line)} <span>${line.text}</span>
      </p>`,
    );
  }
}
