import type { ReactiveController, ReactiveControllerHost } from "lit";
import { session } from "../api/session";
import type { Me } from "../api/types";
import { navigate, pathWithReturn } from "../navigation";

/** Leads whoever is not signed in, or no longer, to sign in and back to the page. */
export class SignedIn implements ReactiveController {
  constructor(host: ReactiveControllerHost) {
    host.addController(this);
  }

  get user(): Me | null {
    return session.user;
  }

  hostConnected(): void {
    session.addEventListener("change", this.check);
    this.check();
  }

  hostDisconnected(): void {
    session.removeEventListener("change", this.check);
  }

  readonly check = (): void => {
    if (session.user === null) navigate(pathWithReturn("/login"), { replace: true });
  };
}
