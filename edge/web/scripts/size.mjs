// Fails when a page's own scripts are heavier than it may be. A page's scripts are the entry's, its own, and all that
// they import, the player that is loaded beside it included. Run after `npm run build`.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMITS_KB = {
  "src/pages/home-page.ts": 40,
  "src/pages/login-page.ts": 40,
  "src/pages/overlay-page.ts": 40,
  "src/pages/register-page.ts": 40,
  "src/pages/studio-page.ts": 40,
  "src/pages/studio-stream-page.ts": 300,
  "src/pages/watch-page.ts": 300,
};

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** The files of a chunk and of all it imports. From the entry, pages are imported dynamically: those are not its own. */
function filesOf(name, dynamic, found = new Set()) {
  const chunk = manifest[name];
  if (chunk === undefined) throw new Error(`${name} is not in the build`);
  if (found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const other of [...(chunk.imports ?? []), ...(dynamic ? (chunk.dynamicImports ?? []) : [])]) {
    filesOf(other, dynamic && other !== "index.html", found);
  }
  return found;
}

let failed = false;
for (const [page, limit] of Object.entries(LIMITS_KB)) {
  const files = new Set([...filesOf("index.html", false), ...filesOf(page, true)]);
  const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist))).length, 0);
  const kb = bytes / 1000;
  failed ||= kb > limit;
  console.log(`${kb > limit ? "FAIL" : "ok  "} ${page}: ${kb.toFixed(1)} of ${limit} KB gz in ${files.size} files`);
}
process.exit(failed ? 1 : 0);
