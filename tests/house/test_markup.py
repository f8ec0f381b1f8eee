"""What a browser would silently repair: ids that stand twice, tags left open, references to nothing."""

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.cast import Cast
from tests.house.stage import fill
from tests.house.test_walk import READING, browser, lines

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
REFERENCES = ("for", "list", "form", "aria-labelledby", "aria-describedby", "aria-controls")


class Markup(HTMLParser):
    """Reads a page and collects in `faults` what is wrong with it, with the line."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.references: list[tuple[str, str]] = []
        self.level = 0
        self.feed(page)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]
        self.faults += [
            f"the id {name} stands {count} times" for name, count in self.ids.items() if count > 1
        ]
        self.faults += [
            f"{name}={value} names nothing" for name, value in self.references if not self.ids[value]
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            level = int(tag[1])
            if 0 < self.level < level - 1:
                self._fault(f"<{tag}> follows h{self.level}")
            self.level = level

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, count in Counter(name for name, _ in attrs).items():
            if count > 1:
                self._fault(f"<{tag}> has {name} {count} times")
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            elif name in REFERENCES:
                self.references += [(name, part) for part in (value or "").split()]

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self._fault(f"</{tag}> closes <{self.open[-1] if self.open else ''}>")
            if tag in self.open:
                del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def _fault(self, text: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {text}")


@pytest.mark.parametrize("person", ["out", "bo", "nia", "mo"])
def test_pages_need_no_repair(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], person: str
) -> None:
    words = fill(app, cast)
    visitor = browser(app, signed_in, cast, person)
    faults = {}
    for address, _ in lines(READING):
        answer = visitor.get(address.format(**words))
        if answer.mimetype == "text/html" and answer.status_code // 100 != 3:
            faults[address] = Markup(answer.text).faults
    assert len(faults) > 40
    assert {address: found for address, found in faults.items() if found} == {}


def test_what_needs_repair_is_seen() -> None:
    page = '<h1 id="a">x</h1><h3 rel="a" rel="b">x</h3><p id="a"><b>x</p><label for="c">x</label><div>'
    assert Markup(page).faults == [
        "line 1: <h3> has rel 2 times",
        "line 1: <h3> follows h1",
        "line 1: </p> closes <b>",
        "<div> is never closed",
        "the id a stands 2 times",
        "for=c names nothing",
    ]
