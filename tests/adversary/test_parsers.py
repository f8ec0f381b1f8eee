"""What reads one value of a query, given every hostile text by itself: it answers, never with nonsense."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound

from blueprints import admin
from blueprints.admin import audit, webhooks
from blueprints.catalog import page_urls
from domain.base import months, pagination
from tests.adversary.hostile import TEXTS
from web import query_args

NOT_UTF8 = b"\xed\xa0\x80\xff".decode(errors="replace")
# What nearly is a day, a month, a mark, a page or an id.
NEARLY = (
    "20261129", "2026-W48-7", "0001-01-01", "9999-12-31", "2026-13-01", "2026-00", "0000-01", "9999-12",
    "2026-11-29T00:00", f"{'9' * 17}-{'f' * 32}", f"{'9' * 18}-{'f' * 32}", f"0-{'g' * 32}", "1" * 10,
    f"urn:uuid:{'0' * 32}", "0" * 32, "0x" + "0" * 30, "\uff10" * 32,
)  # fmt: skip
EVERY = (*TEXTS, NOT_UTF8, *NEARLY)


@pytest.fixture(scope="module")
def bare() -> Flask:
    """An application that only reads queries."""
    return Flask(__name__)


@pytest.mark.parametrize("read", [admin.after, lambda: query_args.id_arg("after")], ids=["admin", "studio"])
def test_ids(bare: Flask, read: Callable[[], uuid.UUID | None]) -> None:
    for text in EVERY:
        found = None
        with bare.test_request_context(query_string={"after": text}), suppress(NotFound):
            found = read()
        assert found is None or found.hex in text.replace("-", "").replace("\uff10", "0").replace("x", "0")


def test_page_numbers(bare: Flask) -> None:
    for text in EVERY:
        with bare.test_request_context(query_string={"page": text}):
            assert 1 <= page_urls.page_number() <= 10**6


def test_words_of_the_studio(bare: Flask) -> None:
    for text in EVERY:
        with bare.test_request_context(query_string={"q": text}):
            found = query_args.text_arg("q")
        assert len(found) <= query_args.LONGEST
        assert not {"\x00", "\n", "\r"} & set(found)


def test_days() -> None:
    for text in EVERY:
        found = audit._day(text)
        assert found is None or date(2000, 1, 1) <= found <= date(2200, 12, 31), text


def test_months() -> None:
    for text in EVERY:
        found = months.read(text, ZoneInfo("Asia/Tokyo"))
        assert found is None or 2000 <= found.year <= 2200, text


def test_marks_of_pages() -> None:
    for text in EVERY:
        found = pagination.read(text)
        assert found is None or str(found) == text


def test_ids_of_stripe() -> None:
    for text in EVERY:
        assert webhooks._readable(text) in (None, text)
        assert "\x00" not in (webhooks._readable(text) or "")
