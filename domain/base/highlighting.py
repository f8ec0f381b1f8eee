"""Code of lessons highlighted by Pygments and formulas set by math-core (MathML), in a child process.

Most lexers have patterns that take quadratic or cubic time on a hostile listing (ReDoS), and nothing can
interrupt one within this process; a formula of a thousand nested ones ends its process. So all listings and
formulas of a text are handed to a child process with SECONDS of processor time; what it doesn't finish stays
plain.
"""

import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from markdown_it.common.utils import escapeHtml
from pygments.token import STANDARD_TYPES

log = logging.getLogger(__name__)
# Characters; a longer listing stays plain.
MAX_CODE = 20_000
SECONDS = 0.5
PATIENCE = 10  # seconds until a child that gets no processor time is killed
PYGMENTS_CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)
# Labels of languages by their names in Markdown. Only these are highlighted: their lexers' speed is known.
LANGUAGES = {
    "apacheconf": "Apache", "asm": "Assembly", "awk": "Awk", "bash": "Shell", "batch": "Batch", "c": "C",
    "clojure": "Clojure", "cmake": "CMake", "console": "Terminal", "cpp": "C++", "csharp": "C#",
    "css": "CSS", "dart": "Dart", "diff": "Diff", "docker": "Dockerfile", "elixir": "Elixir", "erb": "ERB",
    "erlang": "Erlang", "fish": "fish", "fortran": "Fortran", "fsharp": "F#", "gdscript": "GDScript",
    "glsl": "GLSL", "go": "Go", "graphql": "GraphQL", "groovy": "Groovy", "handlebars": "Handlebars",
    "haskell": "Haskell", "html": "HTML", "http": "HTTP", "ini": "INI", "java": "Java",
    "javascript": "JavaScript", "jinja": "Jinja", "json": "JSON", "jsx": "JSX", "julia": "Julia",
    "kotlin": "Kotlin", "latex": "LaTeX", "less": "Less", "liquid": "Liquid", "lisp": "Lisp", "lua": "Lua",
    "make": "Makefile", "markdown": "Markdown", "matlab": "MATLAB", "mermaid": "Diagram (Mermaid)",
    "nginx": "nginx", "objective-c": "Objective-C", "ocaml": "OCaml", "pascal": "Pascal", "perl": "Perl",
    "php": "PHP", "powershell": "PowerShell", "prolog": "Prolog", "properties": "Properties",
    "protobuf": "Protocol Buffers", "pycon": "Python session", "python": "Python", "r": "R", "ruby": "Ruby",
    "rust": "Rust", "sass": "Sass", "scala": "Scala", "scheme": "Scheme", "scss": "SCSS",
    "solidity": "Solidity", "sql": "SQL", "svelte": "Svelte", "swift": "Swift", "terraform": "Terraform",
    "text": "Text", "toml": "TOML", "tsx": "TSX", "twig": "Twig", "typescript": "TypeScript",
    "vb.net": "VB.NET", "vim": "Vim", "vue": "Vue", "xml": "XML", "yaml": "YAML", "zig": "Zig",
}  # fmt: skip
ALIASES = {
    "assembly": "asm", "bat": "batch", "c#": "csharp", "c++": "cpp", "cc": "cpp", "cjs": "javascript",
    "clj": "clojure", "cmd": "batch", "conf": "ini", "cs": "csharp", "dockerfile": "docker",
    "dosbatch": "batch", "env": "properties", "eruby": "erb", "ex": "elixir", "exs": "elixir",
    "f#": "fsharp", "fs": "fsharp", "golang": "go", "h": "c", "hbs": "handlebars", "hcl": "terraform",
    "hpp": "cpp", "hs": "haskell", "htm": "html", "html+erb": "erb", "html+jinja": "jinja",
    "ipython": "python", "ipython3": "python", "jinja2": "jinja", "jl": "julia", "js": "javascript",
    "json5": "json", "jsonc": "json", "kt": "kotlin", "kts": "kotlin", "makefile": "make", "md": "markdown",
    "mdx": "markdown", "mjs": "javascript", "mysql": "sql", "nasm": "asm", "node": "javascript",
    "objc": "objective-c", "patch": "diff", "pgsql": "sql", "pl": "perl", "plain": "text",
    "plaintext": "text", "postgres": "sql", "postgresql": "sql", "proto": "protobuf", "ps": "powershell",
    "ps1": "powershell", "psql": "sql", "pwsh": "powershell", "py": "python", "py3": "python",
    "python-repl": "pycon", "python3": "python", "rb": "ruby", "rhtml": "erb", "rs": "rust", "sh": "bash",
    "shell": "bash", "shell-session": "console", "shellsession": "console", "sqlite": "sql", "svg": "xml",
    "terminal": "console", "tex": "latex", "tf": "terraform", "ts": "typescript", "txt": "text",
    "vb": "vb.net", "yml": "yaml", "zsh": "bash",
}  # fmt: skip
_LEXERS = {
    "asm": "nasm", "erb": "html+erb", "handlebars": "html+handlebars", "html": "html+jinja",
    "jinja": "html+jinja", "svelte": "html", "twig": "html+twig",
}  # fmt: skip
_PLAIN = {"mermaid", "text"}
_CHILD = [sys.executable, "-I", "-B", str(Path(__file__).with_name("highlighting_process.py"))]


_STYLE = re.compile(r' style="([^"]*)"')


class Listing(NamedTuple):
    """Code to highlight: its text, its language as written, and the numbers of its marked lines."""

    code: str
    language: str
    marked: tuple[int, ...] = ()


def label(language: str) -> str:
    """Choose the label of a listing; an unknown language keeps the author's spelling."""
    known = language.lower()
    return LANGUAGES.get(ALIASES.get(known, known), language[:20])


def highlight(
    listings: Sequence[Listing], formulas: Sequence[tuple[str, bool]] = ()
) -> tuple[list[str], list[str | None]]:
    """Highlight listings to HTML, `<span class=…>` or only escaped, and set formulas (LaTeX, display).

    Unknown languages, listings of more than MAX_CODE characters, and all from the one at which the text's
    SECONDS ran out stay plain. A formula gives "" if it can't be read, and None if its time had run out or
    those before it are too long together.
    """
    lexers = [_lexer(code, language) for code, language, _ in listings]
    wanted = [
        [lexer, code, marked] for lexer, (code, _, marked) in zip(lexers, listings, strict=True) if lexer
    ]
    done = _done(formulas, wanted) if wanted or formulas else []
    typeset = [None if html is None else _STYLE.sub(_aligned, html) for html in done[: len(formulas)]]
    typeset += [None] * (len(formulas) - len(typeset))
    coloured = iter(done[len(formulas) :])
    found = (next(coloured, None) if lexer else None for lexer in lexers)
    html = [_plain(listing) if html is None else html for html, listing in zip(found, listings, strict=True)]
    return html, typeset


def _lexer(code: str, language: str) -> str:
    """Choose the Pygments lexer for `code`; "" if it stays plain."""
    known = ALIASES.get(language.lower(), language.lower())
    if known not in LANGUAGES or known in _PLAIN or not code.strip() or len(code) > MAX_CODE:
        return ""
    return _LEXERS.get(known, known)


def _plain(listing: Listing) -> str:
    if not listing.marked:
        return escapeHtml(listing.code)
    marked = set(listing.marked)
    return "".join(
        f'<span class="hll">{escapeHtml(line)}</span>' if number in marked else escapeHtml(line)
        for number, line in enumerate(listing.code.splitlines(keepends=True), 1)
    )


def _aligned(style: re.Match[str]) -> str:
    """Turn the alignment of a formula's cells into a class, as pages allow no styles inside elements."""
    aligned = re.search(r"text-align: (left|right)", style[1])
    return f' class="{aligned[1]}"' if aligned else ""


@contextmanager
def one_process() -> Iterator[None]:
    """Let the texts rendered in this block share a child process: most of its time is its start.

    A text whose time runs out ends it; the next one gets a new one.
    """
    child = _Child()
    token = _shared.set(child)
    try:
        yield
    finally:
        _shared.reset(token)
        child.end()


def _done(formulas: Sequence[Sequence[object]], listings: Sequence[Sequence[object]]) -> list[str | None]:
    """Run the child; answers what it finished, formulas first."""
    order = json.dumps([SECONDS, formulas, listings]).encode() + b"\n"
    shared = _shared.get()
    try:
        said = shared.ask(order) if shared else _ask_once(order)
    except OSError:
        log.exception("Code can’t be coloured: no process for it")
        said = b""
    # What follows the last line feed was cut off when the child was killed.
    return [json.loads(line) for line in said.split(b"\n")[:-1] if line]


def _ask_once(order: bytes) -> bytes:
    child = _Child()
    try:
        return child.ask(order)
    finally:
        child.end()


class _Child:
    """A child process, started when it is first asked, and again after it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, order: bytes) -> bytes:
        """Hand over the order for a text; returns its lines, up to where the child ended."""
        process = self._process = self._process or subprocess.Popen(
            _CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/"
        )
        assert process.stdin is not None  # noqa: S101 - as is stdout: both are pipes
        assert process.stdout is not None  # noqa: S101
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        lines: list[bytes] = []
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(order)
                process.stdin.flush()
            for line in process.stdout:
                if line == b"\n":
                    return b"".join(lines)
                lines.append(line)
        finally:
            late.cancel()
        self.end()
        return b"".join(lines)

    def end(self) -> None:
        """End the process; it may have ended by itself."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


_shared: ContextVar[_Child | None] = ContextVar("shared_child", default=None)
