// Reads a playlist with npm's m3u8-parser; whatever it warns about is a complaint.
const { readFileSync } = require("node:fs");
const { Parser } = require("m3u8-parser");

const parser = new Parser();
for (const level of ["info", "warn"]) {
  parser.on(level, ({ message }) => {
    console.error(`${level}: ${message}`);
    process.exitCode = 1;
  });
}
parser.push(readFileSync(process.argv[2], "utf8"));
parser.end();
const { playlists = [], segments = [] } = parser.manifest;
if (playlists.length === 0 && segments.length === 0) {
  console.error("neither variants nor segments");
  process.exitCode = 1;
}
