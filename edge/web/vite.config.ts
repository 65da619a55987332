import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  // The edge under `wrangler dev`; `npm run dev` serves the pages and hands everything else on to it. The edge makes
  // absolute URLs from the Host it is called by, so that they come back through this proxy.
  const target = loadEnv(mode, ".", "SPILLWAY_")["SPILLWAY_EDGE"] ?? "http://127.0.0.1:8787";
  const proxied = ["/api", "/play", "/room", "/openapi.json"];
  return {
    build: {
      target: "es2022",
      // Every asset is a file of our own origin: the content security policy knows no `data:`.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // For the size check.
      manifest: true,
      chunkSizeWarningLimit: 800,
    },
    server: { proxy: Object.fromEntries(proxied.map((path) => [path, { target, changeOrigin: false, ws: true }])) },
  };
});
