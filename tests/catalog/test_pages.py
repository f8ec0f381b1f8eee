"""Start page, categories, creators, and what machines read."""

import xml.etree.ElementTree as ElementTree
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.base import clock
from domain.catalog import sitemap
from models import Product, User, db
from tests.cast import Cast
from tests.catalog.shop import add_course
from tests.catalog.test_search import titles

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_start_page(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        add_course(cast, "Chosen", featured=True)
        add_course(cast, "Loved", rating_avg=5.0, rating_count=90, published_at=clock.now() - timedelta(90))
        for number in range(8):
            add_course(cast, f"Fresh {number}", published_at=clock.now() - timedelta(minutes=number))
    page = client.get("/").text
    assert "Learn the craft from people who practise it" in page
    places = [
        page.index(text)
        for text in ("Featured courses", "Chosen</a>", "New courses", "Fresh 0</a>", "Top-rated")
    ]
    assert places == sorted(places)
    assert page.index("Top-rated") < page.index("Loved</a>")
    shown = titles(client, "/")
    assert len(shown) == len(set(shown)), "no course stands there twice"
    assert 'class="category-tile" href="/categories/web"' in page
    assert 'class="category-tile" href="/categories/flask"' not in page


def test_a_category_has_its_subcategories_courses(client: FlaskClient, cast: Cast) -> None:
    page = client.get("/categories/web").text
    assert "Sites and servers." in page
    assert 'href="/categories/flask"' in page
    assert titles(client, "/categories/web?sort=newest") == ["Flask, first steps"]
    assert titles(client, "/categories/web?sort=nonsense") == ["Flask, first steps"]
    assert client.get("/categories/nowhere").status_code == 404


def test_a_creator_page(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        ada.website, ada.github, ada.linkedin = (
            "javascript:alert(1)",
            "ada",
            "https://www.linkedin.com/in/ada",
        )
        db.session.execute(
            db.update(Product)
            .where(Product.id == cast.flask_course.id)
            .values(rating_avg=4.0, rating_count=3)
        )
        db.session.commit()
    page = client.get("/creators/ada").text
    for text in (
        "Teaches the web",
        "Ada teaches the web.",
        "2 courses",
        "1 student<",
        "<b>4.0</b>",
        "https://github.com/ada",
    ):
        assert text in page
    assert "javascript:" not in page
    assert titles(client, "/creators/ada") == ["Reading code", "Flask, first steps"]
    assert "No courses yet" in client.get("/creators/nia").text


@pytest.mark.parametrize("slug", ["bo", "nobody", "00000000-0000-0000-0000-000000000000"])
def test_no_page_for_those_who_teach_nothing(client: FlaskClient, cast: Cast, slug: str) -> None:
    assert client.get(f"/creators/{slug}").status_code == 404


def test_learners_have_no_page_by_their_id(client: FlaskClient, cast: Cast) -> None:
    assert client.get(f"/creators/{cast.bo.id}").status_code == 404


def test_people_who_left_have_no_page(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.get_one(User, cast.ada.id).deleted_at = clock.now()
        db.session.commit()
    assert client.get("/creators/ada").status_code == 404


def test_the_sitemap(client: FlaskClient, cast: Cast) -> None:
    tree = ElementTree.fromstring(client.get("/sitemap.xml").data)
    places = {element.text for element in tree.iter(f"{SITEMAP}loc")}
    assert {
        "http://localhost/", "http://localhost/courses", "http://localhost/courses/flask-first-steps",
        "http://localhost/categories/flask", "http://localhost/creators/ada",
    } <= places  # fmt: skip
    assert not any("secret" in place or "nia" in place for place in places if place)


def test_no_file_of_a_sitemap_is_larger_than_allowed(
    app: Flask, client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        add_course(cast, "Long", slug="l" * 220)
    whole = client.get("/sitemap.xml")
    every = locations(whole)
    assert len(every) == len(set(every)) == 9
    assert len(whole.data) < 1000 * len(every), "50,000 addresses have less than 50 MB"
    for most in (1, 2, 4, 8, 9, 10):
        monkeypatch.setattr(sitemap, "URLS_IN_A_FILE", most)
        expected = -(-len(every) // most)
        first = locations(client.get("/sitemap.xml"))
        files = [client.get(f"/sitemap.xml?file={number}") for number in range(1, expected + 1)]
        index = [f"http://localhost/sitemap.xml?file={number}" for number in range(1, expected + 1)]
        assert first == (every if most >= len(every) else index)
        found = [locations(file) for file in files]
        assert [place for places in found for place in places] == every
        assert max(map(len, found)) <= most
        assert client.get(f"/sitemap.xml?file={expected + 1}").status_code == 404
        assert client.get("/sitemap.xml?file=x").status_code == 200


def locations(page: TestResponse) -> list[str]:
    """The addresses in a sitemap or its index."""
    return [element.text or "" for element in ElementTree.fromstring(page.data).iter(f"{SITEMAP}loc")]


def test_the_feed(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        add_course(cast, "Newest & <best>\x0b")
    page = client.get("/feed.xml")
    assert page.mimetype == "application/atom+xml"
    entries = ElementTree.fromstring(page.data).findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries][0] == "Newest & <best>"
    assert len(entries) == 3
    assert all(entry.findtext(f"{ATOM}updated") for entry in entries)


def test_robots(client: FlaskClient) -> None:
    text = client.get("/robots.txt").text
    assert "Disallow: /account" in text
    assert "Sitemap: http://localhost/sitemap.xml" in text
