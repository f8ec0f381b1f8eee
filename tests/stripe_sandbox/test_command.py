"""`python -m stripe_sandbox`, as a developer runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "stripe_sandbox", "--port"]


@contextmanager
def running(*options: str) -> Iterator[str]:
    """Its address, until the block ends; then it must leave cleanly."""
    process = subprocess.Popen([*COMMAND, "0", *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, line
    try:
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0


def refused(*options: str, **environment: str) -> str:
    """What it says when it does not start."""
    done = subprocess.run(
        [*COMMAND, *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    return done.stderr


def test_it_serves_and_says_where(tmp_path: Path) -> None:
    with running("--state", str(tmp_path / "state.sqlite"), "--business", "Chalk and Talk") as url:
        assert "Stripe sandbox" in requests.get(f"{url}/_sandbox/", timeout=5).text
        port = url.rpartition(":")[2]
        assert refused(port).startswith(f"Port {port} on 127.0.0.1 is taken")


def test_it_refuses_what_is_not_safe() -> None:
    assert "only listens on this machine" in refused("0", "--host", "0.0.0.0")
    assert "on this machine" in refused("0", "--webhook-url", "https://shop.example/hook")
    assert "live key" in refused("0", STRIPE_SECRET_KEY="sk_live_x")
