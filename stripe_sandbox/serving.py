"""The server: Werkzeug's, threaded, with keep-alive, on the loopback interface only."""

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
    """A request handler with keep-alive, as Stripe has.

    Werkzeug's own closes after every response, because it can't know whether the body was read; here the body
    is read first. Nagle's algorithm is off: the second write would wait 40 ms.
    """

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def run_wsgi(self) -> None:
        """Handle one request.

        Bodies too long or of unknown length are left to Werkzeug, which then closes.
        """
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
    """A handler for tests, without a log line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


class Server(ThreadedWSGIServer):
    """A server that knows its open connections and ends them on close: no thread outlives the sandbox."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Register a new connection."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Remove a closed connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening and close all connections."""
        super().server_close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def loopback_server(app: Flask, port: int, host: str = "127.0.0.1", quiet: bool = False) -> Server:
    """Create a server bound to `host:port` (0: any free port).

    UnsafeSettingsError for a host that other machines can reach, OSError for a port that is taken.
    """
    if not is_loopback(host):
        raise UnsafeSettingsError(f"The sandbox only listens on this machine, not on {host}.")
    with socket.create_server((host, port), backlog=128) as bound:
        return Server(host, port, app, QuietHandler if quiet else Handler, fd=bound.fileno())
