"""Static files: served from memory under addresses that carry a hash of their content (cache busting).

An address such as /static/icons/sprite.0123456789ab.svg never changes its content, so browsers cache it for a
year. There is no build step: the files are read when the application starts, the stylesheets are concatenated
and every `url()` in them is replaced by its hashed address.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
from flask import Flask
from markupsafe import Markup

import config
from web import compression

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/static/"
ROOT = config.ROOT / "static"

# Scripts that any page may need, concatenated; a page names further ones in its `scripts` block.
SCRIPTS = (
    "session",
    "htmx-guard",
    "toasts",
    "theme",
    "menu",
    "dialog",
    "reveal",
    "form",
    "limits",
    "unsaved",
    "copy",
    "fold",
    "tabs",
)

_TEXT_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".vtt": "text/vtt"}
_COMMENT = re.compile(r"/\*.*?\*/\s*", re.S)
_URL = re.compile(r"""url\(\s*['"]?(?!data:|https?:|/|#)([^'")]+)['"]?\s*\)""")
_YEAR = "public, max-age=31536000, immutable"


class Asset:
    """A static file: address, type, content, and its compressed forms, cached on first use."""

    def __init__(self, name: str, body: bytes) -> None:
        stem, suffix = posixpath.splitext(name)
        self.digest = hashlib.sha256(body).hexdigest()[:12]
        self.address = f"{PREFIX}{stem}.{self.digest}{suffix}"
        kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.is_text = kind.startswith(_TEXT_TYPES)
        self.content_type = f"{kind}; charset=utf-8" if self.is_text else kind
        self.body = body

    @cached_property
    def brotli(self) -> bytes:
        return brotli.compress(self.body)

    @cached_property
    def gzip(self) -> bytes:
        return gzip.compress(self.body, 9, mtime=0)

    def negotiate(self, accepted: str) -> tuple[bytes, str | None]:
        """Return the body in the best encoding that the header `accepted` allows, and the encoding's name."""
        coding = compression.best_coding(accepted) if self.is_text else None
        if coding is None:
            return self.body, None
        return (self.brotli if coding == "br" else self.gzip), coding


class AssetIndex:
    """The assets of one static folder, by name and by hashed address."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._seen: tuple[int, int] = (0, 0)
        self.by_name: dict[str, Asset] = {}
        self.by_address: dict[str, Asset] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the folder again if a file in it has changed."""
        files = {p.relative_to(self.root).as_posix(): p for p in sorted(self.root.rglob("*")) if p.is_file()}
        seen = (len(files), max((p.stat().st_mtime_ns for p in files.values()), default=0))
        if seen == self._seen:
            return
        is_sheet = {name: name.endswith(".css") for name in files}
        by_name = {name: Asset(name, path.read_bytes()) for name, path in files.items() if not is_sheet[name]}
        sheets = {
            name: _with_hashed_urls(name, path.read_text(), by_name)
            for name, path in files.items()
            if is_sheet[name]
        }
        by_name |= {name: Asset(name, text.encode()) for name, text in sheets.items()}
        by_name["app.css"] = Asset("app.css", _join_stylesheets(sheets).encode())
        by_name["app.js"] = Asset("app.js", b"\n".join(by_name[f"js/{name}.js"].body for name in SCRIPTS))
        self.by_name, self._seen = by_name, seen
        self.by_address = {asset.address: asset for asset in by_name.values()}

    def address(self, name: str) -> str:
        """Return the hashed address of `name`, a path below static/; KeyError when there is no such file."""
        try:
            return self.by_name[name].address
        except KeyError:
            raise KeyError(f"static/{name} does not exist") from None


class StaticFiles:
    """WSGI middleware that serves /static/ before Flask is called."""

    def __init__(self, app: Flask, index: AssetIndex) -> None:
        self.app, self.index, self.inner = app, index, app.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.app.debug:
            self.index.refresh()
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self.inner(environ, start_response)
        asset = self.index.by_address.get(path)
        if asset is None:
            return _plain("404 Not Found", b"No such file.\n", start_response)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _plain("405 Method Not Allowed", b"Read only.\n", start_response)
        return _send(asset, environ, start_response)


def init_app(app: Flask, root: Path = ROOT) -> None:
    """Read `root` and serve it in front of `app`, with URL helpers for templates."""
    index = AssetIndex(root)
    app.extensions["assets"] = index
    # An instance attribute is Flask's documented place for WSGI middleware; mypy sees only the method.
    app.wsgi_app = StaticFiles(app, index)  # type: ignore[method-assign]
    app.jinja_env.globals.update(
        static_url=index.address,
        stylesheet_url=lambda: index.by_name["app.css"].address,
        script_url=lambda: index.by_name["app.js"].address,
        svg_icon=lambda name, label=None: _icon(index.address("icons/sprite.svg"), name, label),
    )


@lru_cache(maxsize=1024)
def _icon(sprite: str, name: str, label: str | None) -> Markup:
    """Draw the icon `name` of the file at `sprite`; with `label` it is a picture to screen readers.

    A page has two dozen icons, and a macro for each took as long as its query.
    """
    role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"/></svg>').format(role, sprite, name)


def _with_hashed_urls(name: str, text: str, assets: dict[str, Asset]) -> str:
    """Strip comments from the stylesheet `name` and resolve its relative url()s; KeyError for a dead one."""

    def resolve(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
        if target not in assets:
            raise KeyError(f"static/{name} refers to static/{target}, which does not exist")
        return f"url({assets[target].address})"

    return _URL.sub(resolve, _COMMENT.sub("", text))


def _join_stylesheets(sheets: dict[str, str]) -> str:
    """Concatenate the stylesheets: css/layers.css, which orders the cascade layers, then the rest by name."""
    names = [name for name in sorted(sheets) if posixpath.dirname(name) == "css"]
    names.sort(key=lambda name: name != "css/layers.css")
    return "\n".join(sheets[name].strip() for name in names) + "\n"


def _send(asset: Asset, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    etag = f'"{asset.digest}"'
    headers = [("Cache-Control", _YEAR), ("ETag", etag), ("X-Content-Type-Options", "nosniff")]
    if asset.is_text:
        headers.append(("Vary", "Accept-Encoding"))
    if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", headers)
        return []
    body, coding = asset.negotiate(environ.get("HTTP_ACCEPT_ENCODING", ""))
    if coding:
        headers.append(("Content-Encoding", coding))
    headers += [("Content-Type", asset.content_type), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _plain(status: str, body: bytes, start_response: StartResponse) -> list[bytes]:
    start_response(
        status,
        [
            ("Content-Type", "text/plain"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
    return [body]
