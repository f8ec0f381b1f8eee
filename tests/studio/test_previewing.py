"""A text as it will look, before it is stored."""

from collections.abc import Callable

from flask.testing import FlaskClient

from models import User
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]


def test_markdown_is_shown_as_it_will_look(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": "**Bold** words"})
    assert answer.status_code == 200
    assert "<strong>Bold</strong> words" in answer.text
    assert "<html" not in answer.text


def test_scripts_are_shown_as_text(cast: Cast, signed_in: Browser) -> None:
    typed = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://evil.example/y.png)"
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": typed})
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert 'href="javascript:' not in answer.text
    assert "<img" not in answer.text


def test_what_is_too_long_to_be_stored_is_said_so(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": "é" * 200_000})
    assert answer.status_code == 422
    assert "At most 200 kB" in answer.text


def test_nothing_typed_says_so(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={})
    assert answer.status_code == 200
    assert "Nothing to preview yet" in answer.text
