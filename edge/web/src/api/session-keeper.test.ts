import { expect, test } from "vitest";
import { type Refreshed, SessionKeeper, type SessionPorts } from "./session-keeper";
import type { Session } from "./types";

const MINUTE = 60_000;

function sessionNumber(n: number): Session {
  return {
    user: {
      id: "user_1",
      username: "mira",
      email: "mira@example.org",
      role: "VIEWER",
      createdAt: "2026-11-20T18:00:00.000Z",
      updatedAt: "2026-11-20T18:00:00.000Z",
    },
    accessToken: `access-${n}`,
    refreshToken: `refresh-${n}`,
    expiresIn: 15 * 60,
  };
}

/** A browser with one storage and one lock; each `tab()` is a keeper of its own. */
function browser(refresh: (token: string) => Promise<Refreshed>) {
  let kept: string | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  const spent: string[] = [];
  const clock = { now: 0 };
  const ports: SessionPorts = {
    storage: {
      read: () => kept,
      write: (value) => {
        kept = value;
      },
    },
    refresh: (token) => {
      spent.push(token);
      return refresh(token);
    },
    lock: (run) => {
      const turn = queue.then(run, run);
      queue = turn.catch(() => {});
      return turn;
    },
    now: () => clock.now,
  };
  return { tab: () => new SessionKeeper(ports), spent, clock };
}

test("a good access token is used as it is", async () => {
  const { tab, spent } = browser(async () => "refused");
  const keeper = tab();
  keeper.begin(sessionNumber(1));
  expect(await keeper.token()).toBe("access-1");
  expect(spent).toEqual([]);
});

test("a token about to expire is renewed once, however many ask", async () => {
  const { tab, spent, clock } = browser(async () => sessionNumber(2));
  const keeper = tab();
  keeper.begin(sessionNumber(1));
  clock.now = 14.8 * MINUTE;
  expect(await Promise.all([keeper.token(), keeper.token(), keeper.renew("access-1")])).toEqual([
    "access-2",
    "access-2",
    "access-2",
  ]);
  expect(spent).toEqual(["refresh-1"]);
});

test("a second tab takes the token that the first one got", async () => {
  const { tab, spent } = browser(async () => sessionNumber(2));
  const [first, second] = [tab(), tab()];
  first.begin(sessionNumber(1));
  expect(await Promise.all([first.renew("access-1"), second.renew("access-1")])).toEqual(["access-2", "access-2"]);
  expect(spent).toEqual(["refresh-1"]);
});

test("a refused refresh signs out, and says so", async () => {
  const { tab } = browser(async () => "refused");
  const keeper = tab();
  keeper.begin(sessionNumber(1));
  let told = 0;
  keeper.addEventListener("change", () => {
    told += 1;
  });
  expect(await keeper.renew("access-1")).toBeNull();
  expect(keeper.user).toBeNull();
  expect(told).toBe(1);
});

test("a failed connection does not sign out, and the next try may succeed", async () => {
  let reachable = false;
  const { tab } = browser(async () => {
    if (!reachable) throw new TypeError("network");
    return sessionNumber(2);
  });
  const keeper = tab();
  keeper.begin(sessionNumber(1));
  await expect(keeper.renew("access-1")).rejects.toThrow("network");
  expect(keeper.user?.username).toBe("mira");
  reachable = true;
  expect(await keeper.renew("access-1")).toBe("access-2");
});

test("a refusal that comes after someone else signed in ends nothing", async () => {
  let refuse: (answer: Refreshed) => void = () => {};
  const { tab } = browser(
    () =>
      new Promise((resolve) => {
        refuse = resolve;
      }),
  );
  const keeper = tab();
  keeper.begin(sessionNumber(1));
  const renewal = keeper.renew("access-1");
  await Promise.resolve();
  tab().begin(sessionNumber(9));
  refuse("refused");
  expect(await renewal).toBe("access-9");
  expect(keeper.user).not.toBeNull();
});

test("a good answer that comes after someone signed out, or in, is nobody's", async () => {
  for (const other of [null, 9]) {
    let answer: (answer: Refreshed) => void = () => {};
    const { tab } = browser(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const keeper = tab();
    keeper.begin(sessionNumber(1));
    const renewal = keeper.renew("access-1");
    await Promise.resolve();
    if (other === null) keeper.end();
    else tab().begin(sessionNumber(other));
    answer(sessionNumber(2));
    expect(await renewal).toBe(other === null ? null : "access-9");
    expect(keeper.user === null).toBe(other === null);
  }
});

test("signing out while a refresh is on its way stays signed out of the old session", async () => {
  const { tab } = browser(async () => "refused");
  const keeper = tab();
  keeper.begin(sessionNumber(1));
  keeper.end();
  expect(await keeper.renew("access-1")).toBeNull();
});
