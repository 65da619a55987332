import { html, svg, type TemplateResult } from "lit";

/** Line icons of our own, 24 by 24, drawn in the text's colour. They say nothing to a screen reader: the text beside does. */
const SHAPES = {
  play: svg`<path d="M8 5.5v13l10.5-6.5z" />`,
  muted: svg`<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5" />`,
  viewers: svg`<circle cx="9" cy="8.5" r="3.2" /><path d="M3 19c.6-3.4 3-5 6-5s5.4 1.6 6 5M16 5.6a3.2 3.2 0 0 1 0 5.8M17.5 14.4c2 .6 3.2 2.2 3.5 4.6" />`,
  copy: svg`<rect x="9" y="9" width="11" height="11" rx="2.5" /><path d="M15 9V6.5A2.5 2.5 0 0 0 12.5 4h-6A2.5 2.5 0 0 0 4 6.5v6A2.5 2.5 0 0 0 6.5 15H9" />`,
  check: svg`<path d="M5 12.5l4.5 4.5L19 7.5" />`,
  eye: svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" /><circle cx="12" cy="12" r="2.8" />`,
  hidden: svg`<path d="M4 4l16 16M9.9 5.8A8.8 8.8 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.7M6.2 7.6A15.5 15.5 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.3-1.1" />`,
  sun: svg`<circle cx="12" cy="12" r="4" /><path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1" />`,
  moon: svg`<path d="M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z" />`,
  send: svg`<path d="M4.5 12L3.5 4.5 21 12 3.5 19.5l1-7.5zM4.5 12H12" />`,
  search: svg`<circle cx="10.5" cy="10.5" r="6" /><path d="M15 15l5.5 5.5" />`,
  down: svg`<path d="M12 5v13M6 12.5l6 6 6-6" />`,
  close: svg`<path d="M6 6l12 12M18 6L6 18" />`,
  warning: svg`<path d="M12 4L2.5 20h19zM12 10v4.5M12 17.2v.1" />`,
  external: svg`<path d="M14 4.5h5.5V10M19 5l-8 8M11 6H6.5A2.5 2.5 0 0 0 4 8.5v9A2.5 2.5 0 0 0 6.5 20h9a2.5 2.5 0 0 0 2.5-2.5V13" />`,
};

export type IconName = keyof typeof SHAPES;

export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${SHAPES[name]}</svg>`;
}

/** The mark: water over the curve of a weir. */
export function logo(): TemplateResult {
  return html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <path class="logo-far" d="M3 7.5h11.5c9.5 0 4 12.5 14.5 12.5" />
    <path class="logo-mid" d="M3 13.5h7.5c9.5 0 4 11.5 14 11.5H29" />
    <path class="logo-near" d="M3 19.5h3.5c5 0 4.5 5.5 9.5 5.5" />
  </svg>`;
}
