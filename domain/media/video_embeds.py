"""Embedded films of YouTube and Vimeo: strict parsing of stored URLs into player URLs."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_YOUTUBE = {"youtube.com", "www.youtube.com", "m.youtube.com", "www.youtube-nocookie.com"}
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_VIMEO = {"vimeo.com", "www.vimeo.com", "player.vimeo.com"}
_VIMEO_PATH = re.compile(r"/(?:video/)?(\d{6,12})(?:/([0-9a-f]{6,16}))?/?", re.ASCII)


@dataclass(frozen=True)
class Embed:
    """An external film: its provider, its player's URL, and its page there."""

    provider: str
    player_url: str
    page_url: str


def embed(url: str | None) -> Embed | None:
    """Parse the URL of a YouTube or Vimeo film; None for any other.

    Only the film's id is taken over, so that nothing else of a stored URL reaches a page.
    """
    if not url or len(url) > 255:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = parts.scheme == "https" and parts.port is None and not parts.username
    except ValueError:
        return None
    if not plain:
        return None
    if host in _YOUTUBE or host == "youtu.be":
        return _youtube(host, parts.path, parts.query)
    return _vimeo(parts.path, parts.query) if host in _VIMEO else None


def _youtube(host: str, path: str, query: str) -> Embed | None:
    if host == "youtu.be":
        film = path[1:]
    elif path == "/watch":
        film = parse_qs(query).get("v", [""])[0]
    else:
        film = re.sub(r"^/(embed|shorts|live)/", "", path) if path.count("/") == 2 else ""
    if not _YOUTUBE_ID.fullmatch(film):
        return None
    return Embed(
        "YouTube",
        f"https://www.youtube-nocookie.com/embed/{film}?autoplay=1&rel=0",
        f"https://www.youtube.com/watch?v={film}",
    )


def _vimeo(path: str, query: str) -> Embed | None:
    found = _VIMEO_PATH.fullmatch(path)
    if not found:
        return None
    film = found[1]
    key = found[2] or parse_qs(query).get("h", [""])[0]
    secret = f"&h={key}" if re.fullmatch(r"[0-9a-f]{6,16}", key) else ""
    page = f"https://vimeo.com/{film}" + (f"/{key}" if secret else "")
    return Embed("Vimeo", f"https://player.vimeo.com/video/{film}?autoplay=1&dnt=1{secret}", page)
