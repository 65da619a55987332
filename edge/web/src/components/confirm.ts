import { html, render } from "lit";
import "./confirm.css";

export interface Question {
  title: string;
  text: string;
  /** What the button that goes ahead says. */
  action: string;
}

/** Asks before something that cannot be taken back. */
export function confirm({ title, text, action }: Question): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  dialog.setAttribute("aria-labelledby", "confirm-title");
  render(
    html`<form method="dialog">
      <h2 id="confirm-title">${title}</h2>
      <p>${text}</p>
      <div class="confirm-actions">
        <button class="button" value="no" autofocus>Go back</button>
        <button class="button danger" value="yes" data-testid="confirm-yes">${action}</button>
      </div>
    </form>`,
    dialog,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
