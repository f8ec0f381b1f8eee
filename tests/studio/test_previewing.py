"""A text as it will look, before it is stored."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from models import Picture, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]


def test_markdown_is_shown_as_it_will_look(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": "**Bold** words"})
    assert answer.status_code == 200
    assert "<strong>Bold</strong> words" in answer.text
    assert "<html" not in answer.text


def test_scripts_are_left_out_and_the_author_is_told(cast: Cast, signed_in: Browser) -> None:
    typed = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://evil.example/y.png)"
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": typed})
    assert "Not shown to learners: script × 1." in answer.text
    assert "<script" not in answer.text
    assert "alert(1)<" not in answer.text
    assert 'href="javascript:' not in answer.text
    assert "<img" not in answer.text


def test_missing_images_and_unreadable_formulas_are_named(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        kept = Picture(
            course_id=cast.flask_course.id,
            storage_key="a",
            content_type="image/webp",
            size=1,
            width=1,
            height=1,
        )
        db.session.add(kept)
        db.session.commit()
        stored = f"/pictures/{kept.id}"
    gone = "/pictures/01890a5d-ac96-774b-bcce-b302099a8057"
    typed = f"![a]({stored}) ![b](images/a.png) <img src='{gone}'> ![c](https://a.example/b.png) $\\unheard$"
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": typed})
    assert f"2 images aren’t on this site: images/a.png, {gone}. Add them" in answer.text
    assert "A formula can’t be read as LaTeX and is shown as code." in answer.text
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": f"![a]({stored}) <b>x</b>"})
    assert "notice" not in answer.text


def test_what_is_too_long_to_be_stored_is_said_so(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={"text": "é" * 200_000})
    assert answer.status_code == 422
    assert "At most 200 kB" in answer.text


def test_nothing_typed_says_so(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.ada).post("/studio/preview-markdown", data={})
    assert answer.status_code == 200
    assert "Nothing to preview yet" in answer.text
