"""Drawn covers: always the same, well-formed, small, and free of anything a strict policy would block."""

import io
import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from models import Course, db
from web import cover_art, cover_image

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = [(f"course-{n}", f"category-{n % 7}") for n in range(300)]


def test_a_course_always_gets_the_same_cover() -> None:
    assert cover_art.draw("reading-query-plans", "databases") == cover_art.draw(
        "reading-query-plans", "databases"
    )
    assert len({cover_art.draw(*names) for names in DRAWN}) > 280


def test_courses_of_a_category_share_their_colours() -> None:
    palette = cover_art.PALETTES[cover_art._number("databases") % len(cover_art.PALETTES)]
    for n in range(40):
        used = {
            e.get("fill") or e.get("stroke")
            for e in ElementTree.fromstring(cover_art.draw(str(n), "databases")).iter()
        }
        assert used - {None, "none", "url(#f)"} <= set(palette)


def test_every_pattern_turns_up() -> None:
    seen = {cover_art._number(f"pattern {slug}") % len(cover_art.PATTERNS) for slug, _category in DRAWN}
    assert seen == set(range(len(cover_art.PATTERNS)))
    assert len(cover_art.PATTERNS) >= 8


def test_covers_are_small_well_formed_pictures_without_text_or_style() -> None:
    for names in DRAWN:
        drawing = cover_art.draw(*names)
        assert len(drawing.encode()) < 2500
        root = ElementTree.fromstring(drawing)
        assert root.tag == f"{SVG}svg"
        assert {e.tag for e in root.iter()} <= {
            f"{SVG}{t}" for t in ("svg", "rect", "circle", "path", "g", "pattern")
        }
        assert not any("style" in e.attrib or "class" in e.attrib for e in root.iter())


def test_strange_names_are_drawn_too() -> None:
    for name in ("", "ü–文", "<script>", "a" * 5000):
        drawing = cover_art.draw(name, name)
        ElementTree.fromstring(drawing)
        assert "script" not in drawing


def test_a_cover_is_kept_for_a_year(client: FlaskClient) -> None:
    response = client.get("/covers/databases/reading-query-plans.svg")
    assert response.status_code == 200
    assert response.mimetype == "image/svg+xml"
    assert "immutable" in response.headers["Cache-Control"]
    assert response.text == cover_art.draw("reading-query-plans", "databases")


def test_links_to_a_course_without_an_image_show_a_png_with_its_title(
    client: FlaskClient, app: Flask
) -> None:
    with app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "flask-first-steps")).one()
        assert course.thumbnail is None
        title = course.title
    page = client.get("/courses/flask-first-steps").text
    address = re.search(r'property="og:image" content="([^"]+)"', page)
    assert address is not None
    assert address[1] in page.split("application/ld+json", 1)[1].replace("\\u0026", "&")
    answer = client.get(urlsplit(address[1]).path)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/png", "public, max-age=86400")
    image = Image.open(io.BytesIO(answer.data))
    assert image.size == (1200, 630)
    assert answer.data == cover_image.draw("flask-first-steps", "flask", title)
    assert cover_image.draw("a", "b", "Title") != cover_image.draw("a", "b", "Other")
    assert cover_image.draw("a", "b", "日本語") == cover_image.draw("a", "b", "")  # no letters, no boxes


def test_a_cover_of_several_holds_those_of_each() -> None:
    seeds = [("flask-first-steps", "flask"), ("reading-code", "data"), ("a", "b"), ("c", "d")]
    for number in range(1, 5):
        together = cover_art.draw_together(seeds[:number])
        assert together.count("<svg") == number + 1
        assert len(ElementTree.fromstring(together)) == number
        assert len(together) <= 10_500
