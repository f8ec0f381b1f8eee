"""People read ’ in words, whatever page or sentence they read; machines and code keep their '."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IN_A_WORD = re.compile(r"[A-Za-z]'(?:t|s|re|ve|ll|d|m)\b")
COMMENT = re.compile(r"\{#.*?#\}", re.S)
# What is read in a log, in a terminal, or by Stripe.
NOT_FOR_READERS = {
    "blueprints/checkout/return_pages.py": "Stripe can't be asked about session",
    "blueprints/stripe_hooks/webhook.py": "This isn't a signed event.",
    "domain/ledger/earning_checks.py": "the creator's share is",
    "web/form_errors.py": "Invalid value, can't be",  # what the library says
    "domain/platform/production_checks.py": "",  # all of it: read where the shop is started
}


def sentences(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every text of a module that is no docstring."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node


def test_sentences_have_curly_apostrophes() -> None:
    found = [
        f"{name}:{node.lineno}: {node.value}"
        for folder in ("blueprints", "domain", "media", "web")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in [path.relative_to(ROOT).as_posix()]
        for node in sentences(ast.parse(path.read_text()))
        if isinstance(node.value, str) and IN_A_WORD.search(node.value)
        if NOT_FOR_READERS.get(name, "\0") not in node.value
    ]
    assert found == []


def test_pages_and_mails_have_curly_apostrophes() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in sorted((ROOT / "templates").rglob("*.*"))
        for hit in IN_A_WORD.finditer(COMMENT.sub("", path.read_text()))
    ]
    assert found == []
