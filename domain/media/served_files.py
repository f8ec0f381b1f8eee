"""Served files of recordings: which may be fetched, their MIME types, and the paths that tokens open."""

import re
import uuid
import zlib
from pathlib import Path

# The names that media/renditions.py gives, and `film.mp4` of the demo.
_SERVED = re.compile(
    r"(video|film)\.mp4|audio\.m4a|poster\.jpg|master\.m3u8|\d{1,5}p(\.m3u8|-init\.mp4|-\d{4,}\.m4s)",
    re.ASCII,
)
TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".m4a": "audio/mp4",
    ".ts": "video/mp2t",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
}


def is_served(name: str) -> bool:
    """Tell if a file of this name may be served: only what pages and playlists refer to is.

    >>> [is_served(name) for name in ("720p-0001.m4s", "original.mov", "proposed/chapters.vtt")]
    [True, False, False]
    """
    return _SERVED.fullmatch(name) is not None


def content_type(name: str) -> str:
    """Look up the MIME type of a recording's file."""
    return TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def folder(asset_id: uuid.UUID) -> str:
    """Build the storage folder of a recording's processed files, which its token opens."""
    return f"media/{asset_id}/"


def proposals(asset_id: uuid.UUID) -> str:
    """Build the path that the token for proposed captions opens; learners' tokens don't."""
    return f"{folder(asset_id)}proposed/"


def version(text: str) -> str:
    """Build the version of captions or chapters in their address, which a new text thereby changes.

    >>> version("WEBVTT")
    'dba781dc'
    """
    return f"{zlib.crc32(text.encode(errors='replace')):08x}"
