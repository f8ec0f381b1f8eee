"""Code in lessons, coloured by classes that the style sheet knows."""

from functools import cache

from markdown_it.common.utils import escapeHtml
from pygments import highlight as colour
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

# A longer listing than anyone reads, and the size from which a lexer's backtracking is felt.
MAX_CODE = 20_000
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
_LEXER_NAMES = {"html": "html+jinja", "jinja": "html+jinja"}
_FORMATTER = HtmlFormatter(nowrap=True)


def label(language: str) -> str:
    """What to call `language` above a listing; an unknown one is named as the author wrote it."""
    known = language.lower()
    return LANGUAGES.get(ALIASES.get(known, known), language[:20])


def highlight(code: str, language: str) -> str:
    """HTML of `code` with `<span class=…>` for its parts; only escaped when the language is unknown."""
    known = ALIASES.get(language.lower(), language.lower())
    if known not in LANGUAGES or known == "text" or len(code) > MAX_CODE:
        return escapeHtml(code)
    return colour(code, _lexer(known), _FORMATTER)


@cache
def _lexer(known: str) -> Lexer:
    return get_lexer_by_name(_LEXER_NAMES.get(known, known), stripnl=False, ensurenl=False)
