"""Reviews on the page of their course: in which order, by whom, how many, and who sees what is hidden."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from domain.base import clock
from domain.community import review_list
from domain.learning import access
from models import Course, User, db
from tests.cast import Cast
from tests.reviews.conftest import HTMX, ReviewedCourse

SignedIn = Callable[[User], FlaskClient]


def words(page: str) -> list[str]:
    """The texts of the reviews on a page, in order."""
    return re.findall(r'<p class="review-text" dir="auto">(.*?)</p>', page)


def bars(page: str) -> list[int]:
    """How many gave five stars, four, and so on."""
    return [int(n) for n in re.findall(r'<span class="bars-number">(\d+)</span>', page)]


def test_without_reviews_the_page_says_so(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    page = client.get(reviewed.page).text
    assert 'id="reviews"' in page
    assert "No reviews yet. Only people" in page
    assert bars(page) == []


def test_the_histogram_counts_every_star(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    for rating in (5, 5, 4, 1):
        reviewed.review(reviewed.owner(), rating)
    page = client.get(reviewed.page).text
    assert bars(page) == [2, 1, 0, 0, 1]
    assert '<p class="rating-big"><b>3.8</b>' in page
    assert "4 reviews" in page
    assert reviewed.rating() == (4, 3.75)


def test_sorts(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    for rating, helpful, comment in ((3, 1, "a"), (5, 0, "b"), (1, 7, "c"), (5, 1, "d")):
        reviewed.review(reviewed.owner(), rating, comment, helpful_count=helpful)
    orders = {
        "": "cdab",
        "helpful": "cdab",
        "newest": "dcba",
        "highest": "dbac",
        "lowest": "cadb",
        "x' OR 1": "cdab",
    }
    for sort, expected in orders.items():
        page = client.get(reviewed.page, query_string={"reviews_sort": sort}).text
        assert "".join(words(page)) == expected, sort


def test_pages_hold_ten_and_meet_without_gap(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    reviewed.many(23)
    seen = []
    for number in (1, 2, 3):
        found = words(client.get(f"{reviewed.page}?reviews_sort=newest&reviews_page={number}").text)
        assert len(found) == (10, 10, 3)[number - 1]
        seen += found
    assert seen == [f"Words {n}." for n in reversed(range(23))]


def test_equal_reviews_are_not_shown_twice(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    moment = clock.now()
    for n in range(15):
        reviewed.review(reviewed.owner(), comment=f"{n}", created_at=moment)
    for sort in ("helpful", "newest", "highest", "lowest"):
        pages = [client.get(f"{reviewed.page}?reviews_sort={sort}&reviews_page={n}").text for n in (1, 2)]
        assert len({text for page in pages for text in words(page)}) == 15


@pytest.mark.parametrize("asked", ["0", "-1", "abc", "1.5", "", "٣", "1" * 400, "999999999", "%00"])
def test_a_page_that_makes_no_sense_shows_one_that_does(
    reviewed: ReviewedCourse, client: FlaskClient, asked: str
) -> None:
    reviewed.many(11)
    answer = client.get(f"{reviewed.page}?reviews_page={asked}")
    assert answer.status_code == 200
    assert len(words(answer.text)) in (1, 10)


def test_ones_own_review_stands_apart_and_leaves_no_empty_page(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    reviewed.many(10)
    reviewed.review(cast.bo, 5, "Mine.")
    page = signed_in(cast.bo).get(reviewed.page).text
    assert words(page)[0] == "Mine."
    assert len(words(page)) == 11
    assert words(page).count("Mine.") == 1
    assert "reviews_page=2" not in page
    assert sum(bars(page)) == 11


def test_in_place_another_order_is_the_section_alone(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    reviewed.many(12)
    answer = client.get(f"{reviewed.page}?reviews_sort=newest&reviews_page=2", headers=HTMX)
    assert answer.text.lstrip().startswith('<section class="section reviews" id="reviews"')
    assert "<html" not in answer.text
    assert words(answer.text) == ["Words 1.", "Words 0."]
    assert answer.headers["HX-Push-Url"] == f"{reviewed.page}?reviews_sort=newest&reviews_page=2"
    assert "HX-Request" in answer.headers["Vary"]


def test_another_page_of_reviews_is_no_page_of_its_own_to_search_engines(
    reviewed: ReviewedCourse, client: FlaskClient
) -> None:
    reviewed.many(12)
    page = client.get(f"{reviewed.page}?reviews_page=2").text
    assert '<link rel="canonical" href="http://localhost/courses/flask-first-steps">' in page


def test_names_are_shown_and_addresses_never(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    gone, here = reviewed.owner("Gone Away"), reviewed.owner("Jonas Keller")
    reviewed.review(gone)
    reviewed.review(here)
    reviewed.change(User, gone.id, deleted_at=clock.now())
    page = client.get(reviewed.page).text
    assert "Jonas Keller" in page
    assert "Former member" in page
    assert "Gone Away" not in page
    assert here.email not in page
    assert gone.email not in page


def test_who_changed_their_words_is_shown_to_have(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    reviewed.review(reviewed.owner(), edited_at=clock.now())
    assert ", edited <time" in client.get(reviewed.page).text


def test_a_hidden_review_is_seen_by_its_author_and_admins_only(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    reviewed.review(reviewed.owner(), 5, "Fine.")
    reviewed.review(cast.bo, 1, "Rude.", flagged=True)
    assert reviewed.rating() == (1, 5.0)
    for visitor in (client, signed_in(cast.cy), signed_in(cast.ada)):
        page = visitor.get(reviewed.page).text
        assert words(page) == ["Fine."]
        assert bars(page) == [1, 0, 0, 0, 0]
    mine = signed_in(cast.bo).get(reviewed.page).text
    assert "Rude." in mine
    assert "hidden until we’ve checked it" in mine
    assert bars(mine) == [1, 0, 0, 0, 0]
    admins = signed_in(cast.mo).get(reviewed.page).text
    assert "Rude." in admins
    assert "Hidden until checked" in admins
    assert bars(admins) == [1, 0, 0, 0, 0]


def test_an_approved_review_is_seen_although_it_was_flagged(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient
) -> None:
    reviewed.review(cast.bo, 1, "Harsh but fair.", flagged=True, approved=True)
    assert words(client.get(reviewed.page).text) == ["Harsh but fair."]
    assert reviewed.rating() == (1, 1.0)


def test_a_hidden_page_full_leaves_the_pages_of_others_whole(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    reviewed.many(12)
    reviewed.many(10, flagged=True)
    seen = [len(words(client.get(f"{reviewed.page}?reviews_page={n}").text)) for n in (1, 2)]
    assert seen == [10, 2]
    mo = signed_in(cast.mo)
    assert [len(words(mo.get(f"{reviewed.page}?reviews_page={n}").text)) for n in (1, 2, 3)] == [10, 10, 2]


def test_search_engines_read_the_rating_and_the_first_reviews(
    reviewed: ReviewedCourse, client: FlaskClient
) -> None:
    reviewed.many(5)
    reviewed.review(reviewed.owner(), 1, "Hidden.", flagged=True)
    page = client.get(reviewed.page).text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    assert found is not None
    course = json.loads(found[1])[0]
    assert course["aggregateRating"]["reviewCount"] == 5
    assert [review["reviewBody"] for review in course["review"]] == ["Words 4.", "Words 3.", "Words 2."]
    assert course["review"][0]["author"]["name"] == "Reader 4"


@pytest.mark.parametrize("who", ["stranger", "bo", "mo"])
def test_the_page_takes_few_queries_however_many_reviews(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, who: str,
    count_queries: Callable[[], int],
) -> None:  # fmt: skip
    reviewed.many(12)
    reviewed.review(cast.bo)
    visitor = client if who == "stranger" else signed_in(getattr(cast, who))
    visitor.get(reviewed.page)
    assert visitor.get(f"{reviewed.page}?reviews_page=2").status_code == 200
    assert count_queries() <= 8


def test_reviews_that_fit_on_a_page_are_read_in_one_query(app: Flask, reviewed: ReviewedCourse) -> None:
    reviewed.many(5)
    reviewed.review(reviewed.owner(), 1, "Hidden.", flagged=True)
    with app.app_context():
        assert len(plans(lambda: review_list.load(reviewed.course.id, None, {}))) == 1
        found = review_list.load(reviewed.course.id, None, {})
    assert (found.total, len(found.lines), found.last) == (5, 5, 1)


INDEXES = {"helpful": "helpful_count", "newest": "created_at", "highest": "rating", "lowest": "rating"}


@pytest.mark.parametrize(("sort", "index"), INDEXES.items())
def test_lists_and_histogram_are_read_through_indexes(
    app: Flask, reviewed: ReviewedCourse, sort: str, index: str
) -> None:
    reviewed.many(12)
    with app.app_context():
        page, histogram = plans(lambda: review_list.load(reviewed.course.id, None, {"reviews_sort": sort}))
    assert "ix_reviews_product_id_rating" in histogram
    assert f"ix_reviews_product_id_{index}" in page


def test_who_may_review_is_read_from_their_grants_not_from_all_sales(app: Flask, cast: Cast) -> None:
    with app.app_context():
        bo, course = db.session.get_one(User, cast.bo.id), db.session.get_one(Course, cast.flask_course.id)
        (plan,) = plans(lambda: access.has(bo, course))
    assert "ix_purchases_product_id" not in plan


def plans(load: Callable[[], object]) -> list[str]:
    """How the database goes about the statements of `load`, if it has to take an index where there is one."""
    sent: list[tuple[str, Any]] = []
    connection = db.session.connection()
    postgresql = connection.dialect.name == "postgresql"

    def note(_c: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        sent.append((statement, values))

    event.listen(connection, "before_cursor_execute", note)
    load()
    event.remove(connection, "before_cursor_execute", note)
    if postgresql:
        for kind in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{kind} = off")
    explain = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
    answers = [connection.exec_driver_sql(f"{explain} {statement}", values) for statement, values in sent]
    return ["\n".join(str(row[-1]) for row in answer) for answer in answers]
