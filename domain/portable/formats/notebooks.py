"""Jupyter notebooks to Markdown: text, code and outputs; their pictures become files beside the notebook.

Notebooks of versions 3 and 4 are read. Nothing in them runs, and widgets can't be shown without running.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any

from domain.base.text import clean
from domain.portable import Problem

MAX_BYTES = 48 * 1024**2
MAX_OUTPUT = 20_000  # characters of one output
MAX_CELLS = 60  # of a table
_PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*+\x07")
_ATTACHED = re.compile(r"\(attachment:([^()\s]+)\)")
_WIDGET = "application/vnd.jupyter.widget-view+json"


class NotANotebookError(ValueError):
    """A file that isn't a notebook."""


@dataclass
class Notebook:
    """A notebook as Markdown; `pictures` are its pictures by file name."""

    text: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)
    front_matter: str = ""


def read(content: bytes, file: str, notes: list[Problem]) -> Notebook:
    """Turn a notebook into Markdown; notes what is left out. Raises NotANotebookError."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotANotebookError from error
    cells = _cells(data)
    if cells is None:
        raise NotANotebookError
    reader = _Reader(file, _language(data), notes)
    return reader.read(cells)


def _cells(data: Any) -> list[Any] | None:
    if not isinstance(data, dict):
        return None
    if isinstance(cells := data.get("cells"), list):
        return cells
    sheets = data.get("worksheets")
    if isinstance(sheets, list) and sheets and isinstance(sheets[0], dict):
        cells = sheets[0].get("cells")
        return cells if isinstance(cells, list) else None
    return None


def _language(data: dict[str, Any]) -> str:
    meta = _table(data.get("metadata"))
    named = (
        _table(meta.get("language_info")).get("name"),
        _table(meta.get("kernelspec")).get("language"),
        _table(meta.get("kernelspec")).get("name"),
    )
    found = next((name for name in named if isinstance(name, str) and name), "python")
    return re.sub(r"[^\w+#-]", "", found.lower()).removesuffix("3") or "python"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Join a text that may be a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


class _Reader:
    """Reads the cells of one notebook."""

    def __init__(self, file: str, language: str, notes: list[Problem]) -> None:
        self.file, self.language, self.notes = file, language, notes
        self.stem = PurePosixPath(file).stem
        self.made = Notebook()

    def read(self, cells: list[Any]) -> Notebook:
        """Write every cell, with blank lines between them."""
        blocks = [block for number, cell in enumerate(cells) for block in self._cell(_table(cell), number)]
        self.made.text = "\n\n".join(filter(None, blocks)) + "\n"
        return self.made

    def _note(self, sentence: str) -> None:
        self.notes.append(Problem(self.file, 0, sentence))

    def _cell(self, cell: dict[str, Any], number: int) -> Iterator[str]:
        kind, source = cell.get("cell_type"), clean(_text(cell.get("source", cell.get("input"))))
        if kind == "heading":
            level = cell.get("level")
            yield f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 2)} {source.strip()}"
        elif kind == "markdown":
            yield self._attached(cell, source, number).strip("\n")
        elif kind == "raw" and number == 0 and source.startswith("---"):
            self.made.front_matter = source.strip() + "\n"
        elif kind == "raw" and source.strip():
            self._note("A raw cell of the notebook was left out.")
        elif kind == "code":
            if source.strip():
                yield fenced(source.strip("\n"), self.language)
            outputs = cell.get("outputs")
            for place, output in enumerate(outputs if isinstance(outputs, list) else []):
                yield from self._output(_table(output), f"{number + 1}-{place + 1}")

    def _attached(self, cell: dict[str, Any], source: str, number: int) -> str:
        """Store the pictures pasted into a text cell, and link to them."""
        attached = _table(cell.get("attachments"))

        def link(found: re.Match[str]) -> str:
            bundle = _table(attached.get(found[1]))
            name = self._picture(bundle, f"{number + 1}-{found[1].rpartition('.')[0][:40]}")
            return f"(<{name}>)" if name else found.group()

        return _ATTACHED.sub(link, source)

    def _output(self, output: dict[str, Any], place: str) -> Iterator[str]:
        kind = output.get("output_type")
        if kind == "stream":
            yield self._plain(_text(output.get("text")))
        elif kind in ("error", "pyerr"):
            lines = output.get("traceback")
            yield self._plain("\n".join(map(_text, lines if isinstance(lines, list) else [])))
        elif kind in ("display_data", "execute_result", "pyout"):
            yield self._shown(_table(output.get("data")) or _old(output), place)

    def _shown(self, bundle: dict[str, Any], place: str) -> str:
        """Show the richest form of an output that a text can hold."""
        if _WIDGET in bundle:
            self._note("An interactive widget of the notebook can’t be shown and was left out.")
            return ""
        if name := self._picture(bundle, place):
            return f"![Output](<{name}>)"
        if written := _text(bundle.get("text/markdown")):
            return clean(written).strip("\n")
        if formula := _text(bundle.get("text/latex")):
            inside = formula.strip().strip("$").strip()
            return f"$$\n{inside}\n$$" if "\n\n" not in inside else fenced(inside, "latex")
        html = _text(bundle.get("text/html"))
        if html and (table := table_of(html)):
            return table
        if plain := _text(bundle.get("text/plain")):
            if html and not html.lstrip().lower().startswith(("<div", "<style", "<table", "<pre")):
                self._note("An output in HTML is shown as text.")
            return self._plain(plain)
        if bundle:
            self._note(f"An output of the type {min(bundle)[:60]} can’t be shown and was left out.")
        return ""

    def _picture(self, bundle: dict[str, Any], place: str) -> str:
        """Decode the picture of an output and name it; "" without one."""
        for kind, ending in _PICTURES.items():
            written = _text(bundle.get(kind))
            if not written:
                continue
            try:
                content = base64.b64decode(re.sub(r"\s+", "", written), validate=True)
            except (binascii.Error, ValueError):
                self._note("A picture of the notebook is damaged and was left out.")
                return ""
            name = re.sub(r"[<>\\/\n]", "", f"{self.stem}.output-{place}.{ending}")
            self.made.pictures[name] = content
            return name
        if svg := _text(bundle.get("image/svg+xml")):
            name = re.sub(r"[<>\\/\n]", "", f"{self.stem}.output-{place}.svg")
            self.made.pictures[name] = svg.encode("utf-8", "replace")
            return name
        return ""

    def _plain(self, text: str) -> str:
        kept = clean(_ESCAPES.sub("", _overwritten(text))).strip("\n")
        if len(kept) > MAX_OUTPUT:
            self._note(f"An output longer than {MAX_OUTPUT:,} characters was cut.")
            kept = kept[:MAX_OUTPUT] + "\n…"
        return fenced(kept, "text") if kept.strip() else ""


def _old(output: dict[str, Any]) -> dict[str, Any]:
    """Give an output of version 3 the names of version 4."""
    names = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml", "html": "text/html",
             "latex": "text/latex", "text": "text/plain"}  # fmt: skip
    return {kind: output[name] for name, kind in names.items() if name in output}


def _overwritten(text: str) -> str:
    """Keep what a progress bar shows at the end: a carriage return begins its line again."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def fenced(text: str, language: str) -> str:
    """Put a text between fences that are longer than any in it."""
    longest = max((len(run) for run in re.findall(r"^[ \t]*(`{3,})", text, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def table_of(html: str) -> str:
    """Write the only table of `html`, such as a data frame, in Markdown; "" if that isn't possible."""
    if len(html) > 200_000 or html.lower().count("<table") != 1:
        return ""
    parser = _TableParser()
    parser.feed(html)
    rows = [row for row in parser.rows if row]
    wide = max(map(len, rows), default=0)
    if not rows or parser.is_complex or wide >= 30:
        return ""
    head, *body = ([*row, *[""] * (wide - len(row))] for row in rows[:MAX_CELLS])
    lines = [head, ["---"] * wide, *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


class _TableParser(HTMLParser):
    """Collects the cells of a table; cells that span others make it complex."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.is_complex = False
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell."""
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            spans = {value for name, value in attrs if name in ("colspan", "rowspan")}
            self.is_complex = self.is_complex or bool(spans - {"1", None}) or not self.rows
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        if tag in ("td", "th") and self._cell is not None and self.rows:
            words = " ".join("".join(self._cell).split())
            self.rows[-1].append(re.sub(r"([\\`*_{}\[\]<>#|$])", r"\\\1", words))
            self._cell = None

    def handle_data(self, data: str) -> None:
        """Add text to the cell."""
        if self._cell is not None:
            self._cell.append(data)
