"""How what was seen is written down, so that two recordings can be laid beside each other."""

import difflib
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

TEXTS = ("text/", "application/json", "application/xml", "application/atom", "application/ld", "image/svg")
MOST_LINES = 12


def said(answer: TestResponse) -> Iterator[str]:
    """Tell an answer: its status, its headers, its body."""
    yield answer.status
    if "Allow" in answer.headers:  # werkzeug writes a set
        answer.headers["Allow"] = ", ".join(sorted(answer.headers["Allow"].split(", ")))
    yield from sorted(f"{name}: {value}" for name, value in answer.headers)
    yield ""
    yield from content(answer.mimetype, answer.get_data())


def content(kind: str, body: bytes) -> Iterator[str]:
    """Tell a body: texts as they are, archives by what is in them, all else by its hash."""
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for info in archive.infolist():
                yield f"in the archive: {info.filename} {info.date_time} {info.compress_type}"
                yield from content("", archive.read(info))
        return
    text = _text(body) if kind.startswith(TEXTS) or not kind else None
    if text is None:
        yield f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}"
    else:
        yield from text.split("\n")


def letter(message: EmailMessage) -> Iterator[str]:
    """Tell a letter: its headers, then its bodies as they are read."""
    yield from (f"{name}: {value}" for name, value in message.items())
    for part in message.iter_parts():
        yield f"{part.get_content_type()} {part.get_content_charset()}"
        yield from part.get_content().split("\n")


def _text(body: bytes) -> str | None:
    try:
        return None if b"\0" in body else body.decode()
    except UnicodeDecodeError:
        return None


def typed(form: Any) -> str:
    """Tell what is sent."""
    if isinstance(form, bytes):
        return repr(form)
    pairs = form.items(multi=True) if hasattr(form, "getlist") else form.items()
    return str([(name, value if isinstance(value, str) else value[1]) for name, value in pairs])


def file_name(*words: str) -> str:
    """A name for a file that says what is in it, never two for one nor one for two."""
    whole = " ".join(words)
    plain = re.sub(r"[^a-zA-Z0-9.-]+", "_", whole).strip("_") or "root"
    mark = hashlib.sha256(whole.encode()).hexdigest()[:6]
    return f"{plain[:110]}.{mark}.txt"


def write(place: Path, lines: Iterable[str]) -> None:
    """Write a file of a recording."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def differences(first: Path, second: Path) -> Iterator[str]:
    """Tell what differs between two recordings, some lines of each file."""
    one, two = (
        {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
        for root in (first, second)
    )
    for name in sorted(one.keys() | two.keys()):
        if name not in one or name not in two:
            yield f"{name}: only in {second if name not in one else first}"
        elif one[name].read_bytes() != two[name].read_bytes():
            texts = (path[name].read_text(encoding="utf-8").split("\n") for path in (one, two))
            found = [
                line
                for line in difflib.unified_diff(*texts, n=0, lineterm="")
                if line[:3] not in ("---", "+++")
            ]
            yield f"{name}: {sum(line[0] in '+-' for line in found)} lines"
            yield from (f"    {line[:200]}" for line in found[:MOST_LINES])
