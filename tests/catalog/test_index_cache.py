"""The index in memory: when it is loaded again, and what goes on answering meanwhile."""

import threading
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cli.stats import stats
from domain.base import clock
from domain.catalog.index import index_cache, search, terms
from domain.catalog.index.facets import Selection
from models import Course, Lesson, Product, SearchDocument, db
from tests.cast import Cast
from tests.catalog.shop import add_course
from tests.catalog.test_search import titles


def test_it_is_loaded_once_and_kept(app: Flask, cast: Cast) -> None:
    with app.test_request_context("/courses"):
        first = index_cache.current()
        assert index_cache.current() is first
        index_cache.current()
    with app.app_context():
        db.session.commit()
    with app.test_request_context("/courses"):
        assert index_cache.current() is first, "a commit that changed no course changes nothing"


def test_another_process_is_noticed(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context("/courses"):
        first = index_cache.current()
    with app.app_context(), db.engine.begin() as elsewhere:
        elsewhere.execute(db.update(Product).values(featured=True, updated_at=clock.now()))
    with app.test_request_context("/courses"):
        assert index_cache.current() is first, "at most once a second"
        app.extensions["lectern_cache_listing"].look_at = 0.0
        assert len(index_cache.current().featured) == 2


def test_a_sale_that_ends_is_noticed(app: Flask, cast: Cast) -> None:
    with app.test_request_context("/courses"):
        first = index_cache.current()
        keeper = app.extensions["lectern_cache_listing"]
        keeper.until, keeper.look_at = clock.now(), 0.0
        assert index_cache.current() is not first


def test_a_large_catalogue_answers_while_it_is_loaded(
    app: Flask, client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_cache, "LARGE", 1)
    monkeypatch.setattr(index_cache, "REST", 0)
    assert len(titles(client, "/courses")) == 2
    with app.app_context():
        add_course(cast, "Late arrival")
        row = db.session.get_one(Course, cast.free_course.id)
        row.deleted_at = clock.now()
        db.session.commit()
    assert titles(client, "/courses") == ["Flask, first steps"], "gone at once, the new one comes later"
    for thread in threading.enumerate():
        if thread.name == "listing":
            thread.join(5)
    deadline = time.monotonic() + 30
    while "Late arrival" not in titles(client, "/courses"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_orders_agree_with_each_other(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for number in range(30):
            add_course(cast, f"Row {number}", price_cents=(number * 37) % 500, holder_count=number % 7)
    with app.test_request_context("/courses"):
        index = index_cache.current()
        ids = {sort: index.page(Selection(sort=sort), 0, 99) for sort in index.orders}
        assert {frozenset(found) for found in ids.values()} == {frozenset(ids["popular"])}
        assert ids["price"] != ids["popular"]
        for order in index.orders.values():
            assert [order.places[row] for row in order.rows] == list(range(index.size))


def test_documents_that_came_later_are_passed_over(app: Flask, client: FlaskClient, cast: Cast) -> None:
    client.get("/courses")
    with app.app_context(), db.engine.begin() as elsewhere:
        values = {"product_id": cast.draft_course.id, "title": "weaver", "keywords": "", "body": ""}
        elsewhere.execute(db.insert(SearchDocument).values(values))
    assert "No courses found" in client.get("/courses?q=weaver").text


def test_rebuilding_the_numbers(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(db.update(Product).values(holder_count=77, rating_avg=1.0, rating_count=5))
        db.session.execute(db.update(Lesson).where(Lesson.slug == "routes").values(published=False))
        db.session.execute(db.delete(SearchDocument))
        db.session.commit()
        assert not search.find([terms.exact("flask")])[0].anywhere
        db.session.remove()
    done = app.test_cli_runner().invoke(stats, ["rebuild"])
    assert done.exit_code == 0, done.output
    assert "Lessons: 1 corrected" in done.output
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert (course.holder_count, course.rating_avg, course.rating_count) == (1, 0, 0)
        assert (course.lesson_count, course.duration_seconds) == (3, 1320)
        assert search.find([terms.exact("flask")])[0].anywhere
        again = app.test_cli_runner().invoke(stats, ["rebuild"])
    counted = [line for line in again.output.splitlines() if line.endswith(" corrected")]
    assert len(counted) > 4
    assert all(line.endswith(": 0 corrected") for line in counted)
