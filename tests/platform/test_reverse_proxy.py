"""The web servers in front, as the manual shows them: slow bodies keep nobody out, and no lie passes."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import config
from bench.front import certificate, nginx, put_in, shown_in_the_manual
from bench.servers import free_port, wait_for

pytestmark = pytest.mark.slow

SLOW = 30
LARGE = os.urandom(1024) * 1024 * 64
HEAD = "POST /login HTTP/1.1\r\nHost: courses.example.com\r\nContent-Length: 5000\r\n\r\n"


def caddy(folder: Path, key: Path, chain: Path, plain: int, tls: int, backend: int) -> list[str]:
    """Likewise Caddy; one that is older than 2.6.4, such as Debian's, is told with the words it knows."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("no caddy here")
    site = put_in(
        shown_in_the_manual("caddy"),
        ("{\n\tservers {", f"{{\n\tadmin off\n\thttp_port {plain}\n\tdefault_bind 127.0.0.1\n\tservers {{"),
        ("courses.example.com {", f"courses.example.com:{tls} {{\n\ttls {chain} {key}"),
        ("127.0.0.1:8000", f"127.0.0.1:{backend}"),
        ("/var/lib/lectern", str(folder)),
    )
    version = subprocess.run([program, "version"], check=True, capture_output=True, text=True).stdout
    if tuple(int(number) for number in re.findall(r"\d+", version)[:3]) < (2, 6, 4):
        site = put_in(site, ("request_buffers 20MB", "buffer_requests\n\t\tmax_buffer_size 20MB"))
    (folder / "Caddyfile").write_text(site)
    return [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def running(*commands: list[str], **environ: str) -> Iterator[None]:
    """The commands as processes, until the end of the block."""
    parts = [
        subprocess.Popen(
            command, cwd=config.ROOT, env={**os.environ, **environ},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]  # fmt: skip
    try:
        yield
    finally:
        for part in parts:
            part.terminate()
        for part in parts:
            part.wait(20)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and its certificate."""
    return certificate(tmp_path_factory.mktemp("identity"))


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def front(
    request: pytest.FixtureRequest, tmp_path: Path, identity: tuple[Path, Path]
) -> Iterator[tuple[int, int]]:
    """The port of a web server as the manual shows it, and the one that it passes requests on to."""
    tls, plain = free_port(), free_port()
    is_for_lectern = "lectern" in request.fixturenames
    backend = request.getfixturevalue("lectern") if is_for_lectern else free_port()
    command = request.param(tmp_path, *identity, plain, tls, backend)
    with running(command, HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path)):
        wait_for(tls)
        yield tls, backend


@pytest.fixture(scope="module")
def lectern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of Lectern with four threads, as it is without its database."""
    port, folder = free_port(), tmp_path_factory.mktemp("lectern")
    server = [
        str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--host",
        "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "4", "app:serve",
    ]  # fmt: skip
    with running(server, LECTERN_DATA_DIR=str(folder), LECTERN_ENV="development"):
        wait_for(port)
        yield port


def connect(port: int) -> ssl.SSLSocket:
    """A connection with TLS; the certificate is of no interest here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(
        socket.create_connection(("127.0.0.1", port), 5), server_hostname="courses.example.com"
    )


def is_reachable(port: int) -> bool:
    """Whether a page comes within five seconds."""
    with closing(connect(port)) as connection:
        connection.settimeout(5)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: courses.example.com\r\nConnection: close\r\n\r\n")
        return connection.recv(100).startswith(b"HTTP/1.1 200")


def test_slow_bodies_keep_nobody_out(front: tuple[int, int], lectern: int) -> None:
    port, _ = front
    with ExitStack() as held:
        assert is_reachable(port)
        slow = [held.enter_context(closing(connect(port))) for _ in range(SLOW)]
        for connection in slow:
            connection.sendall(HEAD.encode() + b"a")
        for _ in range(4):
            time.sleep(0.3)
            for connection in slow:
                connection.sendall(b"b")
            assert is_reachable(port)


class Echo(BaseHTTPRequestHandler):
    """Answers what it was told, and how long the body was; a GET gets 64 MB, or leaves that to Caddy."""

    def do_POST(self) -> None:  # noqa: N802
        told = {**self.headers, "body": len(self.rfile.read(int(self.headers["Content-Length"])))}
        self.answer(json.dumps(told).encode())

    def do_GET(self) -> None:  # noqa: N802
        if self.path == "/stored":
            self.answer(b"", ("X-Accel-Redirect", "/storage/a.mp4"), ("Cache-Control", "private"))
        else:
            self.answer(LARGE)

    def answer(self, content: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def echo(front: tuple[int, int]) -> Iterator[HTTPSConnection]:
    """A connection to the web server with an echo behind it."""
    port, backend = front
    server = ThreadingHTTPServer(("127.0.0.1", backend), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    connection = HTTPSConnection("courses.example.com", timeout=20)
    connection.sock = connect(port)
    yield connection
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_nobody_says_from_where_they_come(echo: HTTPSConnection) -> None:
    lies = {
        "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example",
    }  # fmt: skip
    echo.request("POST", "/", b"x", lies)
    told = {name.lower(): value for name, value in json.loads(echo.getresponse().read()).items()}
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "https"
    assert told["host"] == told["x-forwarded-host"] == "courses.example.com"


def test_pieces_of_uploads_pass_and_larger_bodies_do_not(echo: HTTPSConnection) -> None:
    piece = b"x" * (9 * 1024 * 1024)
    echo.request("POST", "/", piece)
    assert json.loads(echo.getresponse().read())["body"] == len(piece)
    echo.putrequest("POST", "/")
    echo.putheader("Content-Length", str(21 * 1024 * 1024))
    echo.endheaders()
    with suppress(OSError):  # nginx goes by what is announced, Caddy by what comes
        echo.send(bytes(21 * 1024 * 1024))
    assert echo.getresponse().status in (413, 502)  # Caddy before 2.6.4 says 502


def test_large_files_come_whole(echo: HTTPSConnection) -> None:
    echo.request("GET", "/")
    assert echo.getresponse().read() == LARGE


@pytest.mark.parametrize("front", [caddy], indirect=True, ids=["caddy"])
def test_stored_files_are_sent_by_caddy_itself(echo: HTTPSConnection, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "a.mp4").write_bytes(b"0123456789")
    echo.request("GET", "/stored", headers={"Range": "bytes=2-4"})
    answer = echo.getresponse()
    assert (answer.status, answer.read()) == (206, b"234")
    assert answer.headers["Cache-Control"] == "private"
    assert answer.headers["X-Accel-Redirect"] is None
    echo.request("GET", "/storage/a.mp4")
    assert echo.getresponse().read() == LARGE  # nobody gets there but by an answer of ours
