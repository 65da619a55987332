/** Goes to a path of ours without loading the document again. */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  dispatchEvent(new Event("navigated"));
}

/** Lets plain links within the site navigate in place. Links that ask for more, as a new tab, stay the browser's. */
export function interceptLinks(): void {
  addEventListener("popstate", () => dispatchEvent(new Event("navigated")));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!link || link.origin !== location.origin || link.target !== "" || link.hasAttribute("download")) return;
    if (link.hash !== "" && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  });
}

/** A sign-in page's path that leads back to where one is now. */
export function pathWithReturn(page: "/login" | "/register"): string {
  const here = new URL(location.href);
  const next = here.searchParams.get("next") ?? here.pathname + here.search;
  return next === "/" || next === page ? page : `${page}?${new URLSearchParams({ next })}`;
}

/** Where to go after signing in: only ever a path of our own. */
export function returnPath(search: string, origin: string): string {
  const next = new URLSearchParams(search).get("next") ?? "/";
  const url = URL.canParse(next, origin) ? new URL(next, origin) : null;
  return url?.origin === origin ? url.pathname + url.search : "/";
}
