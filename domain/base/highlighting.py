"""Code in lessons, coloured by classes that the style sheet knows.

Most lexers have patterns that take the square or the cube of a hostile listing's length, and nothing can
interrupt one within this process. So a text's listings are coloured in a child process that has SECONDS of
processor time for all of them together; those that it doesn't come to stay plain.
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
# A longer listing than anyone reads.
MAX_CODE = 20_000
SECONDS = 0.5
PATIENCE = 10  # seconds until the child is given up on a machine that has no processor time for it
PYGMENTS_CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)
# What a fence may be called, and what the reader is shown. Only these are coloured: each has a lexer whose
# speed is known.
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
    """What to call `language` above a listing; an unknown one is named as the author wrote it."""
    known = language.lower()
    return LANGUAGES.get(ALIASES.get(known, known), language[:20])


def highlight(listings: Iterable[tuple[str, str]]) -> list[str]:
    """HTML of each code with its language: `<span class=…>` for its parts, or only escaped.

    Plain stay unknown languages, listings of more than MAX_CODE characters, and all from the one on which the
    text's SECONDS ran out.
    """
    wanted = list(listings)
    lexers = [_lexer(code, language) for code, language in wanted]
    listed = [(lexer, code) for lexer, (code, _) in zip(lexers, wanted, strict=True) if lexer]
    coloured = iter(_coloured(listed) if listed else [])
    found = (next(coloured, None) if lexer else None for lexer in lexers)
    return [escapeHtml(code) if html is None else html for html, (code, _) in zip(found, wanted, strict=True)]


def _lexer(code: str, language: str) -> str:
    """The name of the lexer for `code`; "" when it stays plain."""
    known = ALIASES.get(language.lower(), language.lower())
    if known not in LANGUAGES or known == "text" or not code.strip() or len(code) > MAX_CODE:
        return ""
    return _LEXERS.get(known, known)


def _coloured(listings: list[tuple[str, str]]) -> list[str]:
    """Answer what the child came to."""
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
    # A line that isn't whole has no end.
    return [json.loads(line) for line in said.split(b"\n")[:-1]]
