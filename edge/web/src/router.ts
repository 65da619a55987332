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
