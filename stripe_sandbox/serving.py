"""The server: werkzeug's, threaded, with kept connections, on loopback and nowhere else."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from .settings import UnsafeSettingsError, is_loopback

LONGEST_BODY = 1_000_000


class Handler(WSGIRequestHandler):
    """Keeps connections open, as Stripe does. Werkzeug's own closes after every answer, because it can't know
    whether the body was read; here the body is read first. Nagle is off: the second write would wait 40 ms.
    """

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def run_wsgi(self) -> None:
        """One request. Bodies too long or of unstated length are left to werkzeug, which then closes."""
        stated = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not stated.isdigit() or int(stated) > LONGEST_BODY:
            super().run_wsgi()
            return
        environ = self.environ = self.make_environ()
        environ["wsgi.input"] = BytesIO(self.rfile.read(int(stated)))
        parts, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        body = b"".join(parts)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class QuietHandler(Handler):
    """For tests: no line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Server(ThreadedWSGIServer):
    """Knows its open connections, so that closing it ends them: no thread answers for a stopped sandbox."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A connection begins."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection ends."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening and cut what is open."""
        super().server_close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def loopback_server(app: Flask, port: int, host: str = "127.0.0.1", quiet: bool = False) -> Server:
    """A server bound to `host:port` (0: any free port). UnsafeSettingsError for a host others can reach,
    OSError for a port that is taken.
    """
    if not is_loopback(host):
        raise UnsafeSettingsError(f"The sandbox only listens on this machine, not on {host}.")
    with socket.create_server((host, port), backlog=128) as bound:
        return Server(host, port, app, QuietHandler if quiet else Handler, fd=bound.fileno())
