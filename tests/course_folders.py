"""Folders as creators write them: long lessons with links, pictures, a film, files and code."""

import io
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image

COURSE = """\
title = "Thirty lessons on Flask"
slug = "thirty-lessons"
summary = "Everything, in order."
category = "flask"
tags = ["Python", "Web servers"]
level = "intermediate"
technology = "Flask"
language = "en"
tier = "standard"
price_cents = 1900
sequential = true
objectives = ["Say what a route is", 'Quote "well" \\\\ escape']
prerequisites = ["Some Python"]
prerequisite_courses = ["reading-code"]
meta_title = "Flask in thirty lessons"
cover = "pictures/cover.png"
code = "code/flask.zip"
"""
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there\n"


def picture(color: str = "#0f766e", size: tuple[int, int] = (800, 450)) -> bytes:
    """A PNG of one colour with a line in it."""
    image = Image.new("RGB", size, color)
    image.paste("white", (10, 10, size[0] - 10, 14))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


def lesson_text(number: int, folder: int, last: int) -> str:
    """A long lesson that links to the next, to one in another folder and to a heading there."""
    following = (
        f"{number + 1:02}-lesson.md" if number % 10 else f"../part-{folder + 1}/{number + 1:02}-lesson.md"
    )
    after = (
        f"Go on with [the next one]({following}#section-1-whats-new-here)." if number < last else "The end."
    )
    sections = "\n\n".join(
        f"## Section {n}: what's new here?\n\n" + f"Words of lesson {number} that say something. " * 20
        for n in range(1, 6)
    )
    return f"""\
# Lesson {number}: a *long* one

![A drawing](../pictures/drawing-{number % 3}.png "Seen from above") and back to [the first][first].

```markdown
[not a link](missing.md) ![nor a picture](missing.png)
```

Nor is `[this](missing.md)`. See [below](#section-2-whats-new-here), <https://example.com/a.md>
and [elsewhere](https://example.com/other.md).

{sections}

{after}

| Cell | Other |
|---|---|
| [first](<../part-1/01-lesson.md>) | ![x](../pictures/drawing-1.png) |

[first]: ../part-1/01-lesson.md#section-1-whats-new-here
"""


def files_of(lessons: int) -> dict[str, bytes]:
    """Give every file of a folder by name: the lessons, ten to a module, and one with a film in part 3."""
    files: dict[str, bytes] = {"course.toml": COURSE.encode()}
    files["README.md"] = (
        b"Begin with [the first lesson](part-1/01-lesson.md).\n\n![All of it](pictures/drawing-0.png)\n"
    )
    for number in range(1, lessons + 1):
        folder = (number - 1) // 10 + 1
        files[f"part-{folder}/{number:02}-lesson.md"] = lesson_text(number, folder, lessons).encode()
    for n, color in enumerate(("#aa3300", "#00aa33", "#3300aa")):
        files[f"pictures/drawing-{n}.png"] = picture(color, (60, 40))
    files["pictures/cover.png"] = picture(size=(1280, 720))
    files["code/flask.zip"] = archive({"app.py": b"print('hello')\n"})
    files["files/notes.pdf"] = b"%PDF-1.4 notes"
    files["media/film.mp4"] = b"not really a film"
    files["captions/film.en.vtt"] = VTT.encode()
    files["part-3/31-film.md"] = b"""\
+++
title = "The film"
preview = true
recording = "../media/film.mp4"
captions = { en = "../captions/film.en.vtt", de = { file = "../captions/film.en.vtt", label = "Deutsch" } }
chapters = [{ start = 0, title = "Begin" }, { start = "1:30", title = "Go on" }]
resources = [
  { title = "My notes", file = "../files/notes.pdf" },
  { title = "The manual", url = "https://flask.palletsprojects.com/" },
]
+++

Watch it, then read [the notes](../files/notes.pdf).
"""
    return files


def write(root: Path, files: dict[str, Any]) -> Path:
    """Put `files` (text or bytes by name) below `root`."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def read(root: Path) -> dict[str, bytes]:
    """Every file below `root` by name."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
