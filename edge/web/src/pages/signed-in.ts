import { session } from "../api/session";
import type { Me } from "../api/types";
import { navigate, pathWithReturn } from "../router";

/** Who is signed in; whoever is not goes to sign in, and comes back. */
export function signedIn(): Me | null {
  const { user } = session;
  if (user === null) navigate(pathWithReturn("/login"), { replace: true });
  return user;
}
