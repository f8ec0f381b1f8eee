"""What is too long is refused in a sentence with all of it still there; nothing cuts it off."""

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from wtforms import Form as AnyForm

from blueprints.account.forms import ProfileForm
from blueprints.studio.course_forms import DetailsForm
from models import Resource, ResourceKind, User, db
from tests.cast import Cast
from tests.house.stage import fill
from web import forms

SignedIn = Callable[[User], FlaskClient]


TEMPLATES = Path(__file__).parents[2] / "templates"
# No prose, but an amount, a moment, a name elsewhere or a choice: what doesn't look like one is refused. The
# last is a preview, which stores nothing.
SHAPED = {
    "PayoutSettingsForm.payout_vat",
    "PriceFields.sale_ends", "LessonForm.length",
    "CodeForm.code", "PayForm.product", "PayForm.seen_total",
    "ProfileForm.github", "ProfileForm.linkedin", "BrandColorForm.primary_color", "ReviewForm.rating",
    "BuyForm.product", "BuyForm.seen_price", "BuyForm.seen_lock", "AddForm.product",
    "AddForm.size",
    "UploadForm.filename", "UploadForm.size", "UploadForm.sha256", "TextForm.text",
}  # fmt: skip
# Search and filters store nothing, and what they look for is never that long.
READS_ONLY = ('type="search"', 'id="audit-', 'id="documents-q"')


def _lines(number: int) -> str:
    return "\n".join(f"line {n}" for n in range(number))


def test_no_page_asks_the_browser_to_cut_what_is_typed() -> None:
    cutting = [
        (page.name, line)
        for page in TEMPLATES.rglob("*.html")
        for line in page.read_text().splitlines()
        if "maxlength" in line and not any(mark in line for mark in READS_ONLY)
    ]
    assert cutting == []


def test_no_field_of_a_form_asks_for_it(app: Flask) -> None:
    with app.test_request_context():
        for form in _all(forms.Form):
            unbound = [field for name, field in vars(form).items() if hasattr(field, "field_class")]
            own: AnyForm = type("Own", (forms.Form,), {f"f{n}": field for n, field in enumerate(unbound)})()
            for field in own:
                if field.type not in ("RadioField", "SelectField", "SelectMultipleField"):
                    assert "maxlength" not in str(field()), (form, field.label.text)


def _all(form: type) -> set[type]:
    return {form}.union(*(_all(sub) for sub in form.__subclasses__()))


def test_a_field_says_its_limit_and_how_it_is_counted(app: Flask, cast: Cast) -> None:
    with app.test_request_context():
        profile, details = ProfileForm(), DetailsForm(formdata=None)
        assert 'data-kept="one_line" data-limit="100"' in str(profile.name())
        assert 'data-kept="paragraphs" data-limit="2000"' in str(profile.bio())
        assert 'data-kept="one_line" data-limit="300"' in str(details.summary())


def test_every_text_that_is_kept_says_its_limit(app: Flask) -> None:
    with app.test_request_context():
        unlimited = set()
        for form in (form for form in _all(forms.Form) if form.__module__.startswith("blueprints.")):
            unbound = {name: field for name, field in vars(form).items() if hasattr(field, "field_class")}
            own: AnyForm = type("Own", (forms.Form,), unbound)()
            for name in unbound:
                is_text = own[name].type in ("StringField", "TextAreaField", "LinesField", "AddressesField")
                if is_text and not forms.counting(own[name]):
                    unlimited.add(f"{form.__name__}.{name}")
    assert unlimited == SHAPED


def _id(cast: Cast, path: str) -> str:
    return path.format(
        flask=cast.flask_course.id, lesson=cast.text_lesson.id, module=cast.text_lesson.module_id,
        category=cast.web.id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "path", "field", "most"),
    [
        ("bo", "/account", "name", 100),
        ("bo", "/account", "bio", 2000),
        ("bo", "/courses/flask-first-steps/review", "comment", 5000),
        ("bo", "/teach", "headline", 160),
        ("bo", "/teach", "sample", 5000),
        ("ada", "/studio/profile", "headline", 160),
        ("ada", "/studio/courses/new", "title", 200),
        ("ada", "/studio/courses/{flask}", "title", 200),
        ("ada", "/studio/courses/{flask}", "summary", 300),
        ("ada", "/studio/courses/{flask}/sharing", "meta_title", 60),
        ("ada", "/studio/courses/{flask}/curriculum", "title", 200),
        ("ada", "/studio/courses/{flask}/curriculum/modules/{module}/edit", "title", 200),
        ("ada", "/studio/courses/{flask}/curriculum/modules/{module}/lessons", "title", 200),
        ("ada", "/studio/courses/{flask}/lessons/{lesson}", "title", 200),
        ("ada", "/studio/courses/{flask}/lessons/{lesson}", "description", 1000),
        ("ada", "/studio/courses/{flask}/curriculum/lessons/{lesson}/title", "title", 200),
        ("ada", "/studio/courses/{flask}/lessons/{lesson}/resources", "title", 200),
        ("mo", "/admin/categories", "name", 80),
        ("mo", "/admin/categories", "description", 300),
        ("mo", "/admin/settings", "hero_subtitle", 300),
    ],
)
def test_a_text_that_is_too_long_comes_back_whole(
    cast: Cast, signed_in: SignedIn, who: str, path: str, field: str, most: int
) -> None:
    typed = "x" * most + "𝒚END"
    answer = signed_in(getattr(cast, who)).post(_id(cast, path), data={field: typed})
    text = html.unescape(answer.text)
    assert answer.status_code == 422
    assert typed in text
    assert re.search(rf"[Uu]se at most {most:,} characters", text)


@pytest.mark.parametrize(
    ("who", "path", "field", "typed", "said"),
    [
        ("ada", "/studio/courses/{flask}", "description", "ä" * 100_001, "2 too many"),
        ("ada", "/studio/courses/{flask}/lessons/{lesson}", "body", "ä" * 100_001, "2 too many"),
        ("ada", "/studio/courses/{flask}", "objectives", "x" * 201, "Use at most 200 characters per line."),
        ("ada", "/studio/courses/{flask}", "prerequisites", _lines(21), "Use at most 20 lines."),
        ("ada", "/studio/profile", "expertise", "x" * 41, "Use at most 40 characters per line."),
        ("ada", "/studio/profile", "certifications", _lines(11), "Use at most 10 lines."),
        ("bo", "/teach", "expertise", "x" * 41, "Use at most 40 characters per line."),
        ("mo", "/admin/settings", "social", _lines(9), "Use at most 8 lines."),
        ("mo", "/admin/settings/rules", "held_words", "x" * 101, "Use at most 100 characters per line."),
    ],
)
def test_lines_and_markdown_come_back_whole(
    cast: Cast, signed_in: SignedIn, who: str, path: str, field: str, typed: str, said: str
) -> None:
    answer = signed_in(getattr(cast, who)).post(_id(cast, path), data={field: typed})
    assert answer.status_code == 422
    assert typed in answer.text
    assert said in answer.text
    assert f'id="{field}-limit"' in answer.text


def test_captions_come_back_whole(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    words = fill(app, cast)
    path = "/studio/courses/{course}/lessons/{filmed_lesson}/captions/en".format(**words)
    typed = "x" * 1_000_001
    answer = signed_in(cast.ada).post(path, data={"language": "en", "vtt": typed})
    assert answer.status_code == 422
    assert typed in answer.text
    assert "Use at most 1,000,000 characters." in answer.text


def test_a_file_keeps_the_title_that_was_typed_for_it(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    with app.app_context():
        resource = Resource(
            lesson_id=cast.text_lesson.id, title="Notes", url="https://example.com/n", kind=ResourceKind.LINK,
            position=0,
        )  # fmt: skip
        db.session.add(resource)
        db.session.commit()
        key = resource.id
    path = _id(cast, "/studio/courses/{flask}/lessons/{lesson}/resources") + f"/{key}/title"
    for swap in ({}, {"HX-Request": "true"}):
        answer = signed_in(cast.ada).post(path, data={"title": "t" * 201}, headers=swap)
        assert (answer.status_code, "t" * 201 in answer.text) == (422, True)
        assert "Use at most 200 characters." in answer.text
