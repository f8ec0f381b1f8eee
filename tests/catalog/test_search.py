"""Finding courses by words: the same on both databases, whatever is typed."""

import re
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.catalog.index import search, spelling, terms
from models import Course, Tag, db
from tests import effort
from tests.cast import Cast
from tests.catalog.shop import add_course


def titles(client: FlaskClient, address: str) -> list[str]:
    """The titles of the courses that a page lists, in order; what it offers instead of them is left out."""
    page = client.get(address)
    assert page.status_code == 200
    listed = page.text.split("Popular with other learners")[0]
    return re.findall(r'course-card-title"[^>]*><a href="[^"]*">(.*?)</a>', listed)


def standing(word: str) -> search.Postings:
    """Where `word` stands."""
    return search.find([terms.exact(word)])[0]


def test_title_before_keywords_before_body(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        add_course(cast, "Sailing", description="Ropes and a compass.", holder_count=90)
        add_course(cast, "Knots", tags=[Tag(name="Compass", slug="compass")], holder_count=50)
        add_course(cast, "Compasses of the world", holder_count=5)
        add_course(cast, "The compass", holder_count=1)
    assert titles(client, "/courses?q=compass") == [
        "The compass", "Compasses of the world", "Knots", "Sailing",
    ]  # fmt: skip
    assert titles(client, "/courses?q=compass&sort=popular")[0] == "Sailing"
    assert titles(client, "/courses?q=compass&sort=newest").__len__() == 4


def test_popularity_decides_inside_a_tier(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        add_course(cast, "Weaving one", holder_count=1)
        add_course(cast, "Weaving two", holder_count=9)
    assert titles(client, "/courses?q=weaving") == ["Weaving two", "Weaving one"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("creme brulee", True),
        ("CRÈME", True),
        ("crem", True),
        ("brûlée crème", True),
        ("creme flask", True),
        ("c++", True),
        ("c#", False),
        ("cr", True),
        ("rème", False),
    ],
)
def test_accents_beginnings_and_names(
    app: Flask, client: FlaskClient, cast: Cast, typed: str, found: bool
) -> None:
    with app.app_context():
        add_course(cast, "Crème brûlée in C++")
    assert ("Crème brûlée in C++" in titles(client, f"/courses?category=data&q={quote(typed)}")) is found


@pytest.mark.parametrize("typed", ["pyhton", "pythno", "pythn", "Flask, frist steps", "pyton zeppelins"])
def test_did_you_mean(client: FlaskClient, cast: Cast, typed: str) -> None:
    page = client.get("/courses", query_string={"q": typed}).text
    meant = {"Flask, frist steps": "flask first steps", "pyton zeppelins": "python zeppelins"}.get(
        typed, "python"
    )
    assert f"<b>{meant}</b>" in page
    assert ("Did you mean" in page) == (" " in typed), "what has some results keeps them"
    assert ("Showing results for" in page) == (" " not in typed)
    assert titles(client, f"/courses?q={meant.replace(' ', '+')}")


def test_a_clear_correction_is_searched_unless_what_was_typed_is_wanted(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    with app.app_context():
        add_course(cast, "PostgreSQL in production", summary="Run a database that you can sleep next to.")
    for typed, meant in {"databse": "database", "dtabase": "database", "postgers": "postgresql"}.items():
        page = client.get(f"/courses?q={typed}&sort=newest").text
        assert f"Results for “{meant}”" in page
        assert f'/courses?q={typed}&amp;exact=1&amp;sort=newest">Search instead for “{typed}”' in page
        assert titles(client, f"/courses?q={typed}") == ["PostgreSQL in production"]
        exactly = client.get(f"/courses?q={typed}&exact=1").text
        assert f"Results for “{typed}”" in exactly
        assert "Nothing found" in exactly
        assert f'Did you mean <a href="/courses?q={meant}"><b>{meant}</b>' in exactly


@pytest.mark.parametrize(("typed", "spelt"), [("c++ f#", False), ("xqzvwk", True), ("4711", False)])
def test_what_has_no_results_is_neither_sorted_nor_called_misspelt(
    client: FlaskClient, cast: Cast, typed: str, spelt: bool
) -> None:
    page = client.get("/courses", query_string={"q": typed}).text
    assert "Nothing found" in page
    assert ("Check the spelling" in page) is spelt
    assert "Sort by" not in page
    assert "Sort by" in client.get("/courses").text


def test_nothing_is_meant_by_nonsense(client: FlaskClient, cast: Cast) -> None:
    page = client.get("/courses?q=xqzvwk").text
    assert "No courses found" in page
    assert "Did you mean" not in page
    assert "Flask, first steps" in page, "popular courses are offered instead"


@settings(max_examples=effort.times(60, 2000), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=60))
def test_whatever_is_typed_is_an_answer(client: FlaskClient, cast: Cast, typed: str) -> None:
    assert client.get("/courses", query_string={"q": typed}, follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    "typed",
    ['"', 'c++ "', "AND", "NEAR(", "a AND", "title:x", "*", "' & '", "a:*", "x\x00y", "-", "()", "é" * 500],
)
def test_no_operator_of_an_engine_leaks(client: FlaskClient, cast: Cast, typed: str) -> None:
    assert client.get("/courses", query_string={"q": typed}, follow_redirects=True).status_code == 200


def test_reindexing_writes_what_publishing_writes(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert list(search.reindex_all()) == [2]  # the draft is found by nobody
        assert standing("routes").anywhere, "lessons are found by their titles"
        course.title = "Renamed"
        search.index(course)
        assert standing("renamed").title
        assert not standing("first").title
        search.forget(course)
        assert not standing("renamed").anywhere


def test_a_word_is_suggested_if_it_is_near_and_frequent() -> None:
    known = {
        "react": 3,
        "reach": 9,
        "redux": 1,
        "flask": 5,
        "worker": 90,
        "git": 4,
        "kubernetes": 1,
        "kubernets": 9,
        "postgresql": 2,
        "databases": 4,
    }
    corrections = {
        "raect": "react", "reacc": "reach", "flaks": "flask", "lfask": "flask", "gti": "git", "git": "git",
        "gut": "gut", "docker": "docker", "borker": "borker", "kuberntees": "kubernetes", "zzzzzz": "zzzzzz",
        "kubrnets": "kubernets", "kbrnetes": "kbrnetes", "r3act": "r3act",
        "postgers": "postgresql", "databse": "databases", "datbases": "databases", "datafix": "datafix",
    }  # fmt: skip
    found = {word: spelling.correct((word,), {word}, known) or (word,) for word in corrections}
    assert found == {word: (right,) for word, right in corrections.items()}
    assert spelling.correct(("flask", "raect"), {"raect"}, known) == ("flask", "react")
    assert spelling.correct(("raect",), set(), known) is None, "what is found needs no correction"
