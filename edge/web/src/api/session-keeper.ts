import type { Me, Session } from "./types";

/** Where the session lies between page loads; shared by all tabs. */
export interface SessionStorage {
  read(): string | null;
  write(value: string | null): void;
}

/** What a refresh came to: a new session, or a refusal that ends the old one. A failed connection throws instead. */
export type Refreshed = Session | "refused";

export interface SessionPorts {
  storage: SessionStorage;
  refresh(refreshToken: string): Promise<Refreshed>;
  /** Runs one at a time among all tabs. */
  lock(run: () => Promise<string | null>): Promise<string | null>;
  now(): number;
}

interface Kept {
  user: Me;
  accessToken: string;
  refreshToken: string;
  expiresAt: number;
}

/** An access token this close to its end is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;

/**
 * Holds who is signed in, and the only place that spends a refresh token. A refresh token is good once, so refreshes
 * run one at a time: within a tab by sharing the promise, among tabs by the lock, under which the storage is read again.
 */
export class SessionKeeper extends EventTarget {
  #refreshing: Promise<string | null> | null = null;

  constructor(private readonly ports: SessionPorts) {
    super();
  }

  get user(): Me | null {
    return this.#read()?.user ?? null;
  }

  /** The newest refresh token, to sign out with. */
  get refreshToken(): string | null {
    return this.#read()?.refreshToken ?? null;
  }

  /** After registering or logging in. */
  begin(session: Session): void {
    this.#write({
      user: session.user,
      accessToken: session.accessToken,
      refreshToken: session.refreshToken,
      expiresAt: this.ports.now() + session.expiresIn * 1_000,
    });
    this.changed();
  }

  end(): void {
    this.#write(null);
    this.changed();
  }

  /** Tells listeners that another person, or nobody, may be signed in now. */
  changed(): void {
    this.dispatchEvent(new Event("change"));
  }

  /** An access token that is good for a while; `null` when nobody is signed in. */
  async token(): Promise<string | null> {
    const kept = this.#read();
    if (kept === null) return null;
    if (kept.expiresAt - this.ports.now() > RENEW_BEFORE_MS) return kept.accessToken;
    return this.renew(kept.accessToken);
  }

  /** A newer access token than `spent`; `null` when the session is over. */
  renew(spent: string): Promise<string | null> {
    this.#refreshing ??= this.ports
      .lock(() => this.#renewAlone(spent))
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  async #renewAlone(spent: string): Promise<string | null> {
    const kept = this.#read();
    if (kept === null) return null;
    // Another tab was first.
    if (kept.accessToken !== spent) return kept.accessToken;
    const reply = await this.ports.refresh(kept.refreshToken);
    // Someone may have signed in, or out, while the answer was on its way: then it is nobody's any more.
    const now = this.#read();
    if (now?.refreshToken !== kept.refreshToken) return now?.accessToken ?? null;
    if (reply === "refused") {
      this.end();
      return null;
    }
    this.begin(reply);
    return reply.accessToken;
  }

  #read(): Kept | null {
    const text = this.ports.storage.read();
    if (text === null) return null;
    try {
      const kept: Partial<Kept> = JSON.parse(text);
      return kept.user && kept.accessToken && kept.refreshToken && kept.expiresAt ? (kept as Kept) : null;
    } catch {
      return null;
    }
  }

  #write(kept: Kept | null): void {
    this.ports.storage.write(kept === null ? null : JSON.stringify(kept));
  }
}
