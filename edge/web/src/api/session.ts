import { anonymous } from "./anonymous";
import { answer } from "./answer";
import { SessionKeeper } from "./session-keeper";

const KEY = "spillway.session";

/** Who is signed in, in every tab. */
export const session = new SessionKeeper({
  storage: {
    read: () => localStorage.getItem(KEY),
    write: (value) => (value === null ? localStorage.removeItem(KEY) : localStorage.setItem(KEY, value)),
  },
  async refresh(refreshToken) {
    const { data, response } = await anonymous.POST("/api/v1/auth/refresh", { body: { refreshToken } });
    if (data) return data;
    if (response.status === 401) return "refused";
    throw new Error(`refresh answered ${response.status}`);
  },
  // Web Locks are there on https and localhost only; elsewhere the server's grace for a spent token carries two tabs.
  lock: async (run) => ("locks" in navigator ? await navigator.locks.request(KEY, run) : run()),
  now: () => Date.now(),
});

addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) session.changed();
});

export async function register(username: string, email: string, password: string): Promise<void> {
  session.begin(await answer(anonymous.POST("/api/v1/auth/register", { body: { username, email, password } })));
}

export async function logIn(email: string, password: string): Promise<void> {
  session.begin(await answer(anonymous.POST("/api/v1/auth/login", { body: { email, password } })));
}

/** Signed out here at once; the server is told so that the refresh token dies too. */
export async function logOut(): Promise<void> {
  const { refreshToken } = session;
  session.end();
  if (refreshToken !== null) await answer(anonymous.POST("/api/v1/auth/logout", { body: { refreshToken } }));
}
