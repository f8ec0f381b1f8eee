"""A PostgreSQL cluster and a PgBouncer of our own, on free ports, to be restarted and overloaded at will."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url

HOST = "127.0.0.1"
START_SECONDS = 60


def free_port() -> int:
    """Find a free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until something listens on `port`; TimeoutError after START_SECONDS."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


# Neither server runs as root.
AS_POSTGRES: dict[str, Any] = (
    {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
)


class Cluster:
    """A PostgreSQL server with a data directory below `folder`, which is deleted at the end."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs, self.port = folder, programs, free_port()
        self.data = folder / "cluster"

    @property
    def url(self) -> str:
        """Return the URL of its maintenance database."""
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    def __enter__(self) -> "Cluster":
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)
        if AS_POSTGRES:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust")
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(
                f"port={self.port}\nlisten_addresses='{HOST}'\nunix_socket_directories='{self.folder}'\n"
            )
        self._control("start")
        return self

    def __exit__(self, *_: object) -> None:
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self.data, ignore_errors=True)

    def restart(self, mode: str) -> None:
        """Restart it; `mode` is fast (as an operator does) or immediate (as a crash does)."""
        self._control("restart", "-m", mode)

    def stop(self) -> None:
        """Stop it as an operator does."""
        self._control("stop", "-m", "fast")

    def start(self) -> None:
        """Start it again."""
        self._control("start")

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", self.data, "-l", self.folder / "cluster.log", "-w", *words)

    def _run(self, program: str, *words: object) -> None:
        command = [str(word) for word in (self.programs / program, *words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **AS_POSTGRES)


class PgBouncer:
    """PgBouncer in transaction mode in front of the server of `url`, with `size` connections per database."""

    def __init__(self, folder: Path, url: str, size: int) -> None:
        self.folder, self.server, self.size, self.port = folder, make_url(url), size, free_port()

    @property
    def url(self) -> str:
        """Return the URL of the same database through PgBouncer."""
        through: URL = self.server.set(host=HOST, port=self.port)
        return through.render_as_string(hide_password=False)

    def __enter__(self) -> "PgBouncer":
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(self._settings())
        self.log = (self.folder / "pgbouncer.log").open("w")
        command = [shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", str(settings)]
        if AS_POSTGRES:
            command[1:1] = ["--user", "postgres"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        wait_for(self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.log.close()

    def _settings(self) -> str:
        password = f" password={self.server.password}" if self.server.password else ""
        where = (
            f"host={self.server.host} port={self.server.port or 5432} user={self.server.username}{password}"
        )
        lines = [
            "[databases]", f"* = {where}",
            "[pgbouncer]", f"listen_addr = {HOST}", f"listen_port = {self.port}", "unix_socket_dir =",
            "auth_type = any", "pool_mode = transaction",
            f"default_pool_size = {self.size}", "query_wait_timeout = 5", "server_login_retry = 1",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"
