"""Connections that send their bodies drop by drop keep nobody out, behind the nginx that the manual shows."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

import config
from bench.servers import free_port, wait_for

SLOW = 30
HEAD = "POST /login HTTP/1.1\r\nHost: courses.example.com\r\nContent-Length: 5000\r\n\r\n"


def shown_in_the_manual() -> str:
    """The one example of nginx in docs/operating.md."""
    manual = (config.ROOT / "docs" / "operating.md").read_text()
    (example,) = re.findall(r"```nginx\n(.*?)```", manual, re.DOTALL)
    return str(example)


@pytest.fixture
def behind_nginx(tmp_path: Path) -> Iterator[int]:
    """The port of an nginx before the real server, which has four threads; both set as the manual says."""
    tls, plain, backend = free_port(), free_port(), free_port()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=courses.example.com", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    site = shown_in_the_manual()
    for said, here in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{tls} ssl http2;"),
        ("127.0.0.1:8000", f"127.0.0.1:{backend}"),
        ("/etc/letsencrypt/live/courses.example.com/fullchain.pem", str(certificate)),
        ("/etc/letsencrypt/live/courses.example.com/privkey.pem", str(key)),
    ):
        assert said in site, said
        site = site.replace(said, here)
    places = "".join(
        f"{name}_temp_path {tmp_path / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = tmp_path / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    whole.write_text(
        f"{user}\npid {tmp_path / 'pid'};\nerror_log stderr;\ndaemon off;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}{site}\n}}\n"
    )
    environ = {**os.environ, "LECTERN_DATA_DIR": str(tmp_path / "data"), "LECTERN_ENV": "development"}
    server = [
        str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--host",
        "127.0.0.1", "--port", str(backend), "--workers", "1", "--blocking-threads", "4", "app:serve",
    ]  # fmt: skip
    nginx = [shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx", "-c", str(whole)]
    parts = [
        subprocess.Popen(
            command, cwd=config.ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for command in (server, nginx)
    ]
    try:
        wait_for(backend)
        wait_for(tls)
        yield tls
    finally:
        for part in parts:
            part.terminate()
        for part in parts:
            part.wait(20)


def connect(port: int) -> ssl.SSLSocket:
    """A connection with TLS; the certificate is of no interest here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5))


def is_reachable(port: int) -> bool:
    """Whether a page comes within five seconds."""
    with closing(connect(port)) as connection:
        connection.settimeout(5)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: courses.example.com\r\nConnection: close\r\n\r\n")
        return connection.recv(100).startswith(b"HTTP/1.1 200")


def test_slow_bodies_keep_nobody_out(behind_nginx: int) -> None:
    assert is_reachable(behind_nginx)
    with ExitStack() as held:
        slow = [held.enter_context(closing(connect(behind_nginx))) for _ in range(SLOW)]
        for connection in slow:
            connection.sendall(HEAD.encode() + b"a")
        for _ in range(4):
            time.sleep(0.3)
            for connection in slow:
                connection.sendall(b"b")
            assert is_reachable(behind_nginx)
