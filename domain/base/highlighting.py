"""Syntax highlighting of code in lessons, with Pygments in a child process.

Most lexers have patterns that take quadratic or cubic time on a hostile listing (ReDoS), and nothing can
interrupt one within this process. So all listings of a text are highlighted in a child process with SECONDS
of processor time; those it doesn't finish stay plain.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

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
    "bash": "Shell", "c": "C", "console": "Terminal", "cpp": "C++", "csharp": "C#", "css": "CSS",
    "diff": "Diff", "docker": "Dockerfile", "elixir": "Elixir", "go": "Go", "graphql": "GraphQL",
    "html": "HTML", "http": "HTTP", "ini": "INI", "java": "Java", "javascript": "JavaScript",
    "jinja": "Jinja", "json": "JSON", "kotlin": "Kotlin", "lua": "Lua", "make": "Makefile",
    "markdown": "Markdown", "nginx": "nginx", "php": "PHP", "python": "Python",
    "pycon": "Python session", "r": "R", "ruby": "Ruby", "rust": "Rust", "scala": "Scala", "sql": "SQL",
    "swift": "Swift", "text": "Text", "toml": "TOML", "typescript": "TypeScript", "xml": "XML",
    "yaml": "YAML",
}  # fmt: skip
ALIASES = {
    "c++": "cpp", "cs": "csharp", "dockerfile": "docker", "htm": "html", "html+jinja": "jinja",
    "jinja2": "jinja", "js": "javascript", "kt": "kotlin", "makefile": "make", "md": "markdown",
    "plain": "text", "postgresql": "sql", "py": "python", "python3": "python", "rb": "ruby",
    "rs": "rust", "sh": "bash", "shell": "bash", "shell-session": "console", "sqlite": "sql",
    "terminal": "console", "ts": "typescript", "txt": "text", "yml": "yaml", "zsh": "bash",
}  # fmt: skip
_LEXERS = {"html": "html+jinja", "jinja": "html+jinja"}
_CHILD = [sys.executable, "-I", "-B", str(Path(__file__).with_name("highlighting_process.py"))]


def label(language: str) -> str:
    """Choose the label of a listing; an unknown language keeps the author's spelling."""
    known = language.lower()
    return LANGUAGES.get(ALIASES.get(known, known), language[:20])


def highlight(listings: Iterable[tuple[str, str]]) -> list[str]:
    """Highlight (code, language) pairs to HTML: `<span class=…>`, or only escaped.

    Unknown languages, listings of more than MAX_CODE characters, and all from the one at which the text's
    SECONDS ran out stay plain.
    """
    wanted = list(listings)
    lexers = [_lexer(code, language) for code, language in wanted]
    listed = [(lexer, code) for lexer, (code, _) in zip(lexers, wanted, strict=True) if lexer]
    coloured = iter(_coloured(listed) if listed else [])
    found = (next(coloured, None) if lexer else None for lexer in lexers)
    return [escapeHtml(code) if html is None else html for html, (code, _) in zip(found, wanted, strict=True)]


def _lexer(code: str, language: str) -> str:
    """Choose the Pygments lexer for `code`; "" if it stays plain."""
    known = ALIASES.get(language.lower(), language.lower())
    if known not in LANGUAGES or known == "text" or not code.strip() or len(code) > MAX_CODE:
        return ""
    return _LEXERS.get(known, known)


def _coloured(listings: list[tuple[str, str]]) -> list[str]:
    """Run the child; answers the listings that it finished."""
    order = json.dumps([SECONDS, listings]).encode()
    try:
        done = subprocess.run(
            _CHILD, input=order, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/",
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
    except OSError:
        log.exception("Code can’t be coloured: no process for it")
        said = b""
    else:
        said = done.stdout
    # What follows the last line feed was cut off when the child was killed.
    return [json.loads(line) for line in said.split(b"\n")[:-1]]
