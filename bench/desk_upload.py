"""Benchmark of a large upload: throughput compared with writing the file to the same disk, and memory.

Usage: DATABASE_URL=… python -m bench.desk_upload 6000 512; the last line it prints is JSON.
"""

import http.client
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from app import create_app
from bench.drive import HOST, Load, Server
from bench.stores import Store
from domain.people import sessions
from models import Course, Product, User, db

MIB = 1024 * 1024
CHUNK = 16 * MIB
ROUNDS = 3
_TOKEN = re.compile(r'"X-CSRFToken": "([^"]+)"')


class Here(Store):
    """The environment's own store, in the form that bench.drive expects."""

    def environ(self) -> dict[str, str]:
        """Return the environment of this process."""
        return dict(os.environ)


def measure(port: int, size: int) -> dict[str, Any]:
    """Measure bytes a second of a plain write and an upload, best of ROUNDS, and the server's memory."""
    app = create_app()
    folder = Path(os.environ["LECTERN_DATA_DIR"])
    with app.app_context():
        course_id = db.session.scalars(select(Product.id).order_by(Product.id)).first()
        creator = db.session.get_one(User, db.session.get_one(Course, course_id).creator_id)
        sessions.start(creator, "bench", "127.0.0.1")
        token = creator.session_token
        db.session.commit()
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    found = _TOKEN.search(client.get("/studio").get_data(as_text=True))
    assert found is not None  # noqa: S101 - every page of a person carries a token
    kept = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert kept is not None  # noqa: S101
    headers = {"Cookie": f"{kept.key}={kept.value}", "X-CSRFToken": found[1]}
    block = os.urandom(CHUNK)
    with Server(Here("sqlite", 0, folder, ""), "lectern", port, Load(1, 1, 1)) as server:
        server.wait()
        _upload(port, headers, str(course_id), block, CHUNK)
        before, peak = server.memory(), 0
        plain, taken = [], []
        for _ in range(ROUNDS):
            plain.append(_write(folder / "plain", block, size))
            seconds = _upload(port, headers, str(course_id), block, size)
            peak = max(peak, server.memory())
            taken.append(seconds)
    return {"size": size, "plain": size / min(plain), "upload": size / min(taken), "grew": peak - before}


def _write(path: Path, block: bytes, size: int) -> float:
    """Time a plain write of `size` bytes, including the sync to disk."""
    began = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
    os.sync()
    seconds = time.perf_counter() - began
    path.unlink()
    return seconds


def _upload(port: int, headers: dict[str, str], course_id: str, block: bytes, size: int) -> float:
    """Time the upload of one file's chunks; it is cancelled afterwards, not processed."""
    line = http.client.HTTPConnection(HOST, port, timeout=120)
    form = {"purpose": "preview_film", "course": course_id, "filename": "film.mp4", "size": str(size)}
    typed = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    upload_id = json.loads(_ask(line, "POST", "/studio/uploads", urlencode(form).encode(), typed))["id"]
    began = time.perf_counter()
    for offset in range(0, size, len(block)):
        address = f"/studio/uploads/{upload_id}?offset={offset}"
        _ask(line, "PUT", address, block, headers | {"Content-Type": "application/octet-stream"})
    os.sync()
    seconds = time.perf_counter() - began
    _ask(line, "POST", f"/studio/uploads/{upload_id}/cancel", b"", typed)
    line.close()
    return seconds


def _ask(
    line: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str]
) -> bytes:
    line.request(method, path, body, headers)
    answer = line.getresponse()
    said = answer.read()
    if answer.status >= 400:
        raise SystemExit(f"{method} {path} answers {answer.status}: {said[:200]!r}")
    return said


def main() -> None:
    """Print the measurements of the environment's store."""
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]) * MIB)))


if __name__ == "__main__":
    main()
