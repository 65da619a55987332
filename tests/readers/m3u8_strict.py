"""Reads a playlist with PyPI's m3u8 in its strict mode; an exception is a complaint."""

import pathlib
import sys

import m3u8

playlist = m3u8.M3U8(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"), strict=True)
if not (playlist.playlists or playlist.segments):
    sys.exit("neither variants nor segments")
