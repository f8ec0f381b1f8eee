"""What templates owe the reader: every macro working in every state, every error page saying what to do."""

import re
from pathlib import Path

import pytest
from flask import Flask, render_template, render_template_string
from werkzeug.exceptions import BadRequest

from blueprints.dev import styleguide

ROOT = Path(__file__).parents[2] / "templates"


def test_the_styleguide_shows_everything(app: Flask) -> None:
    text = _render(app, "styleguide/index.html")
    macros = set(re.findall(r"macro ([a-z]\w*)\(", (ROOT / "shared" / "ui.html").read_text()))
    used = set(re.findall(r"ui\.(\w+)\(", (ROOT / "styleguide" / "index.html").read_text()))
    elsewhere = {"buying", "csrf", "logo", "json_ld", "cover", "limit", "tax_note"}
    assert macros - used == elsewhere
    assert "Nothing found" in text


def test_ids_are_unique_where_every_component_is_shown(app: Flask) -> None:
    ids = re.findall(r'\sid="([^"]+)"', _render(app, "styleguide/index.html"))
    twice = {i for i in ids if ids.count(i) > 1}
    assert twice <= {"audience-field", "rating-field", *(f"audience-{n}" for n in range(3)), "rating-error"}


def test_a_wrong_field_is_tied_to_its_message(app: Flask) -> None:
    with app.test_request_context():
        wrong = styleguide.samples()["wrong"]
        html = render_template_string(
            "{{ ui.field(f, hint='For the receipt.', autocomplete='email') }}", f=wrong.email
        )
    assert 'value="ada.example.com"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="wrong-email-hint wrong-email-error"' in html
    assert 'id="wrong-email-error"' in html
    assert 'autocomplete="email"' in html


def test_a_field_escapes_what_was_typed(app: Flask) -> None:
    with app.test_request_context():
        form = styleguide.SampleForm(headline='"><b>x')
        html = render_template_string("{{ ui.field(form.headline) }}", form=form)
    assert "<b>x" not in html
    assert "optional" in html


@pytest.mark.parametrize(
    ("price", "now", "shown"),
    [
        (0, 0, ["Free"]),
        (1900, 1900, ["$19.00"]),
        (2400, 1800, ["$18.00", "<s>$24.00</s>"]),
        (900, 0, ["Free"]),
    ],
)
def test_a_price_says_what_is_paid_now(app: Flask, price: int, now: int, shown: list[str]) -> None:
    card = {"reference_cents": price if now < price else None, "price_now_cents": now, "currency": "USD"}
    with app.test_request_context():
        html = render_template_string("{{ ui.price(card) }}", card=card)
    assert all(text in html for text in shown)


@pytest.mark.parametrize("code", ["400", "400_stale", "403", "404", "413", "422", "429", "500", "503"])
def test_every_error_page_says_what_to_do(app: Flask, code: str) -> None:
    html = _render(app, f"errors/{code}.html", request_id="r-1", error=BadRequest())
    assert "<h1>" in html
    assert 'class="button is-primary"' in html


@pytest.mark.parametrize("code", ["500", "503"])
def test_pages_for_the_worst_moment_ask_nothing_of_the_database(app: Flask, code: str) -> None:
    with app.test_request_context():
        html = app.jinja_env.overlay().get_template(f"errors/{code}.html").render(request_id="r-1")
    assert "r-1" in html


def test_the_chosen_theme_is_there_from_the_first_byte(app: Flask) -> None:
    with app.test_request_context(headers={"Cookie": "theme=dark"}):
        assert '<html lang="en" data-theme="dark">' in render_template("errors/404.html", error=None)
    with app.test_request_context(headers={"Cookie": 'theme="><script>'}):
        assert '<html lang="en">' in render_template("errors/404.html", error=None)


def test_a_stranger_gets_no_token_and_no_session(app: Flask) -> None:
    html = _render(app, "errors/404.html", error=None)
    assert "X-CSRFToken" not in html
    assert "csrf_token" not in html
    assert 'href="/login"' in html


def test_a_pager_says_everything_of_its_links_in_one_attribute(app: Flask) -> None:
    pages = {"prev": "/p/1", "next": "/p/3", "items": [("1", "/p/1", False), ("2", None, True)]}
    with app.test_request_context():
        html = render_template_string("{{ ui.pager(pages, rel='nofollow') }}", pages=pages)
        plain = render_template_string("{{ ui.pager(pages) }}", pages=pages)
    assert re.findall(r' rel="[^"]*"', html) == [
        ' rel="prev nofollow"',
        ' rel="nofollow"',
        ' rel="next nofollow"',
    ]
    assert re.findall(r' rel="[^"]*"', plain) == [' rel="prev"', ' rel="next"']


def _render(app: Flask, name: str, **context: object) -> str:
    with app.test_request_context():
        if name.startswith("styleguide"):
            context |= styleguide.samples()
        return render_template(name, **context)
