export type Theme = "light" | "dark";

/** `public/theme.js` reads it before the first paint. */
const KEY = "spillway.theme";

/** The chosen theme, or the system's. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function toggleTheme(): Theme {
  const theme = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = theme;
  localStorage.setItem(KEY, theme);
  return theme;
}
