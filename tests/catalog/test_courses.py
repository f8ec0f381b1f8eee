"""The catalogue: filters, counts, sorts, pages, and what is not to be seen in it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from domain.catalog.index import facets
from models import Category, Course, Level, Product, ProductStatus, ProductVisibility, Tier, db
from tests.cast import Cast
from tests.catalog.shop import add_course
from tests.catalog.test_search import titles


@pytest.fixture
def stocked(app: Flask, cast: Cast) -> Cast:
    """Five more courses that differ in everything the filters ask about."""
    with app.app_context():
        now = clock.now()
        add_course(cast, "Dear", price_cents=4500, rating_avg=4.8, rating_count=40, holder_count=7)
        add_course(
            cast, "Cheap", price_cents=900, tier=Tier.QUICK_SKILL, rating_avg=5, rating_count=1,
            language="de", duration_seconds=5 * 3600, technology="SQL",
        )  # fmt: skip
        add_course(
            cast, "Sale", price_cents=2000, tier=Tier.STANDARD, sale_price_cents=700, technology="sql",
            reference_price_cents=2000, sale_ends_at=now + timedelta(hours=2), level=Level.ADVANCED,
            duration_seconds=7 * 3600,
        )  # fmt: skip
        add_course(cast, "Sold", price_cents=1200, holder_count=30, published_at=now - timedelta(days=60))
        add_course(
            cast, "In Flask", category=cast.flask_category, price_cents=1500, rating_avg=4.1, rating_count=9
        )
    return cast


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("category=web", {"Flask, first steps", "In Flask"}),
        ("category=flask&level=beginner", {"Flask, first steps", "In Flask"}),
        ("level=advanced", {"Sale"}),
        ("level=advanced&level=intermediate", {"Sale", "Reading code"}),
        ("technology=sql", {"Cheap", "Sale"}),
        ("tier=quick-skill", {"Cheap"}),
        ("price=free", {"Reading code"}),
        ("price=under-10", {"Reading code", "Cheap", "Sale"}),
        ("price=under-20&category=web", {"Flask, first steps", "In Flask"}),
        ("price=from-30", {"Dear"}),
        ("rating=4.5", {"Dear", "Cheap"}),
        ("rating=4", {"Dear", "Cheap", "In Flask"}),
        ("duration=3-6h", {"Cheap"}),
        ("duration=over-6h&duration=3-6h", {"Cheap", "Sale"}),
        ("language=de", {"Cheap"}),
        ("sale=on", {"Sale"}),
        ("q=cheap&language=de", {"Cheap"}),
        ("q=cheap&language=en", set()),
    ],
)
def test_filters(client: FlaskClient, stocked: Cast, query: str, found: set[str]) -> None:
    assert set(titles(client, f"/courses?{query}")) == found
    assert (f'<p class="catalog-count">{len(found)} ' in client.get(f"/courses?{query}").text) is bool(found)


def test_what_costs_a_limit_is_not_under_it() -> None:
    steps = facets.price_steps("usd")
    prices = (0, 1, 999, 1000, 2999, 3000)
    assert [facets.price_code(cents, steps) for cents in prices] == [0, 1, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("popular", "Sold", None),
        ("newest", "In Flask", "Sold"),
        ("rating", "Dear", None),
        ("price", "Reading code", "Dear"),
        ("price-desc", "Dear", "Reading code"),
    ],
)
def test_sorts(client: FlaskClient, stocked: Cast, sort: str, first: str, last: str | None) -> None:
    shown = titles(client, f"/courses?sort={sort}")
    assert shown[0] == first
    assert last is None or shown[-1] == last
    usual = sort == "popular"
    assert f'value="{"" if usual else sort}" selected' in client.get(f"/courses?sort={sort}").text


def counts(page: str, facet: str) -> dict[str, int]:
    """The counts that the filters show beside the choices of `facet`."""
    found = {}
    for part in page.split(f'name="{facet}"')[1:]:
        value = part.split('value="')[1].split('"')[0]
        if value:
            found[value] = int(part.split('choice-count">')[1].split("<")[0].replace(",", ""))
    return found


def test_counts_pass_over_their_own_filter(client: FlaskClient, stocked: Cast) -> None:
    page = client.get("/courses?level=advanced").text
    assert counts(page, "level") == {"beginner": 5, "intermediate": 1, "advanced": 1}
    assert counts(page, "technology") == {"sql": 1}, "a group stays when another narrows it to one value"
    assert counts(client.get("/courses?category=data").text, "technology") == {"sql": 2, "python": 1}
    assert counts(client.get("/courses").text, "technology") == {"sql": 2, "flask": 1, "python": 1}


def test_subcategories_show_when_their_shelf_is_chosen(client: FlaskClient, stocked: Cast) -> None:
    assert counts(client.get("/courses").text, "category") == {"web": 2, "data": 5}
    assert counts(client.get("/courses?category=web").text, "category") == {"web": 2, "flask": 2, "data": 5}


def test_chips_take_one_filter_away(client: FlaskClient, stocked: Cast) -> None:
    page = client.get("/courses?level=advanced&price=under-10&q=sale").text
    assert 'href="/courses?q=sale&amp;price=under-10"' in page
    assert 'href="/courses?q=sale&amp;level=advanced"' in page
    assert "Under $10" in page


def test_pages(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        for number in range(50):
            add_course(cast, f"Numbered {number:02}", price_cents=100 + number)
    pages = [titles(client, f"/courses?q=numbered&sort=price&page={n}") for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [24, 24, 2]
    assert sum(pages, []) == [f"Numbered {number:02}" for number in range(50)]
    relevant = [titles(client, f"/courses?q=numbered&page={n}") for n in (1, 2, 3)]
    assert sorted(sum(relevant, [])) == sum(pages, [])
    first = client.get("/courses?q=numbered").text
    assert 'rel="next" href="/courses?q=numbered&amp;page=2"' in first
    assert 'rel="prev"' not in first


def test_only_the_first_cover_is_fetched_at_once(client: FlaskClient, stocked: Cast) -> None:
    first, *others = re.findall(r'<img class="cover"[^>]*>', client.get("/courses").text)
    assert 'loading="lazy"' not in first
    assert others
    assert all('loading="lazy"' in other for other in others)


def test_a_page_beyond_the_end_leads_back(client: FlaskClient, cast: Cast) -> None:
    page = client.get("/courses?level=beginner&page=7")
    assert page.status_code == 404
    assert 'href="/courses?level=beginner"' in page.text


@pytest.mark.parametrize(
    "query",
    [
        "page=0", "page=-3", "page=x", "page=", "page=1e9", "page=٣",
        "sort=price'--", "sort=", "level=wizard",
        "category=%00", "category=../..", "price=under-x", "rating=9", "q=%ff%fe", "q=" + "x" * 5000,
        "utm_source=mail", "level=beginner&level=beginner", "page=1&page=2", "technology=" + "y" * 3000,
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_passed_over(client: FlaskClient, cast: Cast, query: str) -> None:
    assert client.get(f"/courses?{query}", follow_redirects=True).status_code == 200


def test_a_plain_form_leads_to_the_short_address(client: FlaskClient, cast: Cast) -> None:
    answer = client.get("/courses?q=&category=&level=beginner&price=&sort=")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/courses?level=beginner")


@pytest.mark.parametrize("number", ["99999999999999999999", "2"])
def test_pages_that_are_not_there(client: FlaskClient, cast: Cast, number: str) -> None:
    for path in ("/courses", "/categories/web", "/creators/ada"):
        assert client.get(f"{path}?page={number}").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"status": ProductStatus.ARCHIVED},
        {"status": ProductStatus.EXPIRED},
        {"visibility": ProductVisibility.UNLISTED},
        {"visibility": ProductVisibility.PRIVATE},
        {"visibility": ProductVisibility.MEMBERS_ONLY},
        {"deleted_at": clock.now()},
        {"expires_at": clock.now() - timedelta(minutes=1)},
    ],
)
def test_what_is_withdrawn_is_gone_at_once(
    app: Flask, client: FlaskClient, cast: Cast, change: dict[str, object]
) -> None:
    assert "Flask, first steps" in titles(client, "/courses")
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        for name, value in change.items():
            setattr(course, name, value)
        db.session.commit()
    for address in ("/courses", "/courses?q=flask", "/categories/web", "/creators/ada", "/"):
        assert "/courses/flask-first-steps" not in client.get(address).text
    for address in ("/sitemap.xml", "/feed.xml"):
        assert "/courses/flask-first-steps" not in client.get(address).text


def test_changes_show_at_once(app: Flask, client: FlaskClient, cast: Cast) -> None:
    assert counts(client.get("/courses").text, "level")["beginner"] == 1
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        course.technology = "Bottle"
        db.session.commit()
        assert "bottle" in counts(client.get("/courses").text, "technology")
        db.session.execute(db.update(Product).where(Product.id == course.id).values(level=Level.ADVANCED))
        db.session.add(Category(name="Art", slug="art"))
        db.session.commit()
    assert counts(client.get("/courses").text, "level")["advanced"] == 1
    assert client.get("/categories/art").status_code == 200


def test_a_swap_gets_the_parts_and_a_clean_address(client: FlaskClient, stocked: Cast) -> None:
    asked = {"HX-Request": "true", "HX-Current-URL": "http://localhost/courses?q=ch"}
    swap = client.get("/courses?q=cheap&price=&sort=relevance", headers=asked)
    assert swap.text.lstrip().startswith('<section class="catalog-results')
    assert "<html" not in swap.text
    assert re.search(r"<title>\s*“cheap” · ", swap.text)
    assert re.search(r"<title>\s*“cheap” · ", client.get("/courses?q=cheap").text)
    assert re.search(r"<title>\s*Beginner · ", client.get("/courses?level=beginner", headers=asked).text)
    assert 'hx-target="#filter-list"' in swap.text
    assert swap.headers["HX-Replace-Url"] == "/courses?q=cheap"
    narrowed = client.get("/courses?q=cheap&level=beginner", headers=asked)
    assert narrowed.headers["HX-Push-Url"] == "/courses?q=cheap&level=beginner"
    assert "HX-Request" in swap.headers["Vary"]


def test_strangers_get_no_cookie_and_may_keep_the_page(client: FlaskClient, stocked: Cast) -> None:
    for address in (
        "/",
        "/courses",
        "/courses?q=cheap",
        "/courses/flask-first-steps",
        "/categories/web",
        "/creators/ada",
    ):
        page = client.get(address)
        assert "Set-Cookie" not in page.headers
        assert page.headers["Cache-Control"] == "private, no-cache"
        again = client.get(address, headers={"If-None-Match": page.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_an_empty_shop_says_so(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(db.update(Product).values(status=ProductStatus.DRAFT))
        db.session.commit()
    assert "No courses yet" in client.get("/").text
    assert "No courses found" in client.get("/courses").text
