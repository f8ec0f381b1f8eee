"""Whoever reads a message as HTML can go wherever its plain text leads."""

import re
from pathlib import Path

import pytest

MAIL = Path(__file__).resolve().parents[2] / "templates" / "mail"


@pytest.mark.once
@pytest.mark.parametrize("letter", sorted(folder.name for folder in MAIL.iterdir()))
def test_what_the_text_links_to_is_a_link_in_html(letter: str) -> None:
    text, html = ((MAIL / letter / f"body.{kind}").read_text() for kind in ("txt", "html"))
    for address in re.findall(r"\{\{ ([\w.\[\]]*url)\b", text):
        link = rf"""(href="\{{\{{ |mail\.action\([^()]*, ){re.escape(address)}"""
        assert re.search(link, html), f"{address} is in the text of {letter} and no link in its HTML"
