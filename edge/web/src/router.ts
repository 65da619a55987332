import { html, type TemplateResult } from "lit";

/** A page: its element is loaded when it is first gone to. */
export interface Route {
  load(): Promise<unknown>;
  view: TemplateResult;
  /** Stands alone: without the bar, on nothing, and without a word about what goes wrong. */
  bare?: true;
}

/** The page of a path. An id is whatever stands in its place: the API says whether there is such a stream. */
export function routeOf(path: string): Route {
  const [first = "", id = "", ...rest] = path.split("/").filter(Boolean);
  if (rest.length > 0) return NOT_FOUND;
  switch (`${first}${id && "/:id"}`) {
    case "":
      return { load: () => import("./pages/home-page"), view: html`<home-page></home-page>` };
    case "login":
      return { load: () => import("./pages/login-page"), view: html`<login-page></login-page>` };
    case "register":
      return { load: () => import("./pages/register-page"), view: html`<register-page></register-page>` };
    case "studio":
      return { load: () => import("./pages/studio-page"), view: html`<studio-page></studio-page>` };
    case "studio/:id":
      return {
        load: () => import("./pages/studio-stream-page"),
        view: html`<studio-stream-page .streamId=${id}></studio-stream-page>`,
      };
    case "watch/:id":
      return { load: () => import("./pages/watch-page"), view: html`<watch-page .streamId=${id}></watch-page>` };
    case "overlay/:id":
      return {
        load: () => import("./pages/overlay-page"),
        view: html`<overlay-page .streamId=${id}></overlay-page>`,
        bare: true,
      };
    default:
      return NOT_FOUND;
  }
}

const NOT_FOUND: Route = {
  load: () => import("./pages/not-found-page"),
  view: html`<not-found-page></not-found-page>`,
};

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
