"""Targets of links and pictures in Markdown, turned without touching anything else."""

import time

import pytest

from domain.base import markdown
from domain.portable.markdown_links import Link, rewrite


def turned(text: str) -> str:
    """`text` with every relative target as X."""
    return rewrite(text, lambda link: "X" if link.is_relative else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](b.md)", "[a](X)"),
        ("![a](b.png 'Title') [c]( <d e.md> \"T\" )", "![a](X 'Title') [c]( X \"T\" )"),
        ("[a](b(1).md) [c](d\\(2\\).md)", "[a](X) [c](X)"),
        ("[![a](b.png)](c.md)", "[![a](X)](X)"),
        ("[a][r]\n\n[r]: b.md 'T'", "[a][r]\n\n[r]: X 'T'"),
        ("> [a](b.md)\n> - ![c](d.png)", "> [a](X)\n> - ![c](X)"),
        ("| [a](b.md) |\n|---|\n| ![c](d.png) |", "| [a](X) |\n|---|\n| ![c](X) |"),
        ("`[a](b.md)` [c](d.md) ``[e](f.md)``", "`[a](b.md)` [c](X) ``[e](f.md)``"),
        ("```\n[a](b.md)\n```\n[a](b.md)", "```\n[a](b.md)\n```\n[a](X)"),
        ("- one\n\n  ~~~\n  [a](b.md)\n  ~~~\n\n      [a](b.md)", None),
        ("\\[a](b.md) and \\`[c](d.md)\\`", "\\[a](b.md) and \\`[c](X)\\`"),
        ("[a](/b) [c](https://d.e/f.md) [g](mailto:h@i.j) [k](//l/m)", None),
        ("[a](#b) [c](%C3%A9.md) [d](é.md)", "[a](X) [c](X) [d](X)"),
        ("<b.md> [a] (b.md) [a]\n(b.md)", None),
        ("a\u2028[b](c.md)\n\n```\n[d](e.md)\n```", "a\u2028[b](X)\n\n```\n[d](e.md)\n```"),
    ],
)  # fmt: skip
def test_targets(text: str, expected: str | None) -> None:
    assert turned(text) == (text if expected is None else expected)


def test_lines_are_counted_from_one() -> None:
    seen: list[Link] = []
    rewrite("[a](b.md)\n\n[c](d.md)\n[e](f.md)", lambda link: seen.append(link))
    assert [(link.target, link.line) for link in seen] == [("b.md", 1), ("d.md", 3), ("f.md", 4)]


def test_anchors_as_github_writes_them() -> None:
    text = "## What's new, *here*?\n\n## `a_b` – c\n\n## Über uns\n\n## Again\n\n## Again\n"
    assert markdown.anchors(text) == {
        "whats-new-here": "s-whats-new-here",
        "a_b--c": "s-a_b--c",
        "über-uns": "s-über-uns",
        "again": "s-again",
        "again-1": "s-again-1",
    }


@pytest.mark.parametrize(
    "text",
    [
        "](" * 60_000,
        "](" + " " * 100_000 + "x",
        "[" * 100_000,
        "](a" + "(" * 100_000,
        "`" * 100_000,
        " ".join("`" * n for n in range(1, 400)),
        ("x" + " " * 50 + "\n") * 2_000,
        "[a]:" + " " * 100_000,
        "<!--" * 50_000,
        "<a " * 60_000,
        "<a href='" * 20_000,
        "[[" * 50_000,
    ],
)
@pytest.mark.slow
def test_nothing_takes_long(text: str) -> None:
    begun = time.process_time()
    rewrite(text, lambda _link: "X")
    assert time.process_time() - begun < 60
