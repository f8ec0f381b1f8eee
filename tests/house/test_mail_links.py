"""Whoever reads a message as HTML can go wherever its plain text leads."""

import inspect
import re
from pathlib import Path

import pytest

from tests.house import mails

MAIL = Path(__file__).resolve().parents[2] / "templates" / "mail"


@pytest.mark.once
@pytest.mark.parametrize("letter", sorted(folder.name for folder in MAIL.iterdir()))
def test_what_the_text_links_to_is_a_link_in_html(letter: str) -> None:
    text, html = ((MAIL / letter / f"body.{kind}").read_text() for kind in ("txt", "html"))
    for address in re.findall(r"\{\{ ([\w.\[\]]*url)\b", text):
        link = rf"""(href="\{{\{{ |mail\.action\([^()]*, ){re.escape(address)}"""
        assert re.search(link, html), f"{address} is in the text of {letter} and no link in its HTML"


@pytest.mark.once
def test_every_letter_can_be_recorded() -> None:
    """The record of the site would stop at a letter that asks for a value nobody has given."""
    asked = {name for write in mails.functions().values() for name in inspect.signature(write).parameters}
    assert len(asked) > 20
    assert asked <= {*mails.VALUES, *mails.ROWS}
