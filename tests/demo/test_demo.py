"""The demo marketplace: honest data that any check of the shop would pass, and safe to load twice."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from cli.stats import STEPS
from demo import loader, source
from domain.authoring.lesson_content import NEW
from domain.cart import carts, contents, wishlist
from domain.ledger.refund_checks import UNDONE
from domain.ledger.states import BOUGHT
from domain.platform import notifications
from domain.portable import MANIFEST, exporting, folder_writer, importing
from models import (
    Category,
    Course,
    CourseAnalytics,
    Enrollment,
    Event,
    Lesson,
    LessonProgress,
    ModerationItem,
    Notification,
    NotificationKind,
    Order,
    ProductStatus,
    Purchase,
    Refund,
    RefundLine,
    Review,
    User,
    db,
    now,
)
from tests import course_folders, effort
from tests.fixtures import Databases, application

ROOT = Path(__file__).resolve().parents[2]
LEARNABLE = select(Lesson).where(Lesson.published)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Flask]:
    """An application whose database holds the demo; films are tested on their own. Read only."""
    databases = Databases(tmp_path_factory.mktemp("demo"), databases.compiled)
    app = application(databases)
    databases.make_template(app, load)
    databases.copy(app)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    databases.drop()


def load() -> None:
    loader.load(lambda *_: None, with_films=False)
    db.session.commit()
    loader.add_up(lambda *_: None)


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_it_is_a_marketplace_worth_looking_at(shop: Flask) -> None:
    with shop.app_context():
        published = db.session.scalars(select(Course).where(Course.status == ProductStatus.PUBLISHED)).all()
        assert len(published) >= 24
        assert len({course.creator_id for course in published}) == 6
        assert {course.tier for course in published} == {"quick_skill", "standard", "deep_dive", None}
        assert any(course.price_cents == 0 for course in published)
        assert db.session.scalar(select(func.count()).where(Category.parent_id.is_(None))) == 6
        assert min(len(lesson.body.split()) for lesson in db.session.scalars(LEARNABLE)) > 20
        assert set(db.session.scalars(select(Review.rating))) == {1, 2, 3, 4, 5}
        months = {
            (order.created_at.year, order.created_at.month) for order in db.session.scalars(select(Order))
        }
        assert len(months) >= 12


def test_nothing_in_it_is_ahead_of_the_clock(shop: Flask) -> None:
    with shop.app_context():
        for column in (
            Enrollment.completed_at,
            Enrollment.last_accessed_at,
            LessonProgress.completed_at,
            Review.created_at,
            Purchase.created_at,
            Event.created_at,
            Notification.created_at,
            Notification.read_at,
            Review.replied_at,
        ):
            latest = db.session.scalar(select(func.max(column)))
            assert latest is not None
            assert latest <= now()


def test_the_books_of_the_demo_balance(shop: Flask) -> None:
    result = shop.test_cli_runner().invoke(args=["ledger", "check"])
    assert result.exit_code == 0, result.output


def test_a_rebuild_has_nothing_to_correct(shop: Flask) -> None:
    with shop.app_context():
        corrected = {name: recount() for name, recount in STEPS.items()}
        db.session.rollback()
    assert corrected == dict.fromkeys(STEPS, 0)


def test_every_receipt_of_a_learner_can_be_read(shop: Flask) -> None:
    client = shop.test_client()
    client.post("/login", data={"email": "learner@example.com", "password": "lectern-demo"})
    numbers = set(re.findall(r'href="(/orders/LN-[^"]+)"', client.get("/orders").text))
    assert numbers
    assert {client.get(address).status_code for address in numbers} == {200}


def test_a_learner_has_given_and_received(shop: Flask) -> None:
    client = shop.test_client()
    client.post("/login", data={"email": "learner@example.com", "password": "lectern-demo"})
    page = client.get("/gifts").text
    for words in ("For you", "From you", "amira@example.com", "Waits for its day", "Sent"):
        assert words in page


def test_what_a_learner_is_to_continue_is_open_to_them(shop: Flask) -> None:
    client = shop.test_client()
    client.post("/login", data={"email": "learner@example.com", "password": "lectern-demo"})
    begun = client.get("/learn").text.split("Not started yet")[0]
    addresses = set(re.findall(r'href="(/learn/[^"?#]+)"', begun))
    assert addresses
    assert {client.get(address, follow_redirects=True).status_code for address in addresses} == {200}


def test_loading_twice_changes_nothing(shop: Flask) -> None:
    with shop.app_context():
        before = [count(model) for model in (User, Course, Order, Review)]
    result = shop.test_cli_runner().invoke(args=["demo"])
    assert "already loaded" in result.output
    with shop.app_context():
        assert [count(model) for model in (User, Course, Order, Review)] == before


def facts() -> list[object]:
    """What doesn't depend on the moment of loading."""
    events = db.session.execute(select(Event.name, func.count()).group_by(Event.name).order_by(Event.name))
    told = db.session.execute(
        select(User.email, Notification.title, Notification.read_at.is_(None))
        .join(User, User.id == Notification.user_id)
        .order_by(User.email, Notification.title)
    )
    views = db.session.execute(select(Course.slug, Course.view_count).order_by(Course.slug))
    return [[tuple(row) for row in rows] for rows in (events, told, views)]


def test_it_is_the_same_every_time(shop: Flask, tmp_path: Path) -> None:
    with shop.app_context():
        first = facts()
    again = Databases(tmp_path)
    app = application(again)
    try:
        again.make_template(app, load)
        again.copy(app)
        with app.app_context():
            assert facts() == first
            db.session.remove()
            db.engine.dispose()
    finally:
        again.drop()


def test_the_desks_are_not_empty(shop: Flask) -> None:
    with shop.app_context():
        waiting = db.session.execute(
            select(ModerationItem.kind, ModerationItem.title).where(ModerationItem.closed_at.is_(None))
        )
        assert {(kind.value, title.partition(", order ")[0]) for kind, title in waiting} == {
            ("course", "Particles for small games"),
            ("update", "A game loop from scratch"),
            ("application", "Hannah Brückner"),
            ("review", "Asynchronous JavaScript, explained once"),
            ("reply", "Flask: first steps to a real web app"),
            ("report", "Code-Reviews, die weiterhelfen"),
            ("refund", "Pathfinding on grids"),
        }
        rejected = db.session.scalars(select(Course).where(Course.status == ProductStatus.REJECTED)).one()
        assert "dice and probability" in rejected.admin_notes
        looping = db.session.scalars(select(Course).where(Course.slug == "game-loop-from-scratch")).one()
        waiting = select(Lesson.draft).where(Lesson.course_id == looping.id, Lesson.draft.is_not(None))
        assert {NEW in draft for draft in db.session.scalars(waiting)} == {True, False}
        assert looping.status == ProductStatus.PUBLISHED
        learner = db.session.scalars(select(User).where(User.email == "learner@example.com")).one()
        assert len(wishlist.page_of(learner).rows) == 4
        lines = contents.lines(carts.find(learner))
        assert [(line.is_taken, line.has_changed) for line in lines] == [
            (True, True), (True, False), (True, False),
        ]  # fmt: skip
        unread = [row for row in notifications.page_of(learner).rows if row.read_at is None]
        assert NotificationKind.WISHED_SALE in {row.kind for row in unread}


def test_the_numbers_of_the_year_agree_with_its_orders(shop: Flask) -> None:
    with shop.app_context():
        counted = select(
            func.sum(CourseAnalytics.sales),
            func.sum(CourseAnalytics.revenue_cents),
            func.sum(CourseAnalytics.enrollments),
            func.sum(CourseAnalytics.views),
        )
        bought = select(func.count(), func.sum(Purchase.amount_cents)).where(Purchase.status.in_(BOUGHT))
        lines = select(func.coalesce(func.sum(RefundLine.net_cents), 0)).join(Refund)
        refunded = db.session.scalar(lines.where(Refund.status.not_in(UNDONE)))
        sales, revenue, enrolments, views = db.session.execute(counted).one()
        assert (sales, revenue + refunded) == tuple(db.session.execute(bought).one())
        assert enrolments == count(Enrollment)
        assert views == db.session.scalar(select(func.sum(Course.view_count)))
        assert views > 20 * sales


def test_the_shop_is_visited_up_to_yesterday(shop: Flask) -> None:
    with shop.app_context():
        rows = db.session.execute(
            select(CourseAnalytics.date, func.sum(CourseAnalytics.views)).group_by(CourseAnalytics.date)
        )
        views = {row[0]: row[1] for row in rows}
    today = now().date()
    last, before = (
        [views.get(today - timedelta(days=days), 0) for days in range(first, first + 12)] for first in (1, 13)
    )
    assert min(last) > 0
    assert 0.6 * sum(before) < sum(last) < 1.6 * sum(before)


@pytest.mark.parametrize("email", ["admin", "creator", "newcreator", "learner", "newlearner"])
def test_every_promised_account_can_sign_in(shop: Flask, email: str) -> None:
    client = shop.test_client()
    answer = client.post("/login", data={"email": f"{email}@example.com", "password": "lectern-demo"})
    assert answer.status_code == 303
    assert client.get("/account").status_code == 200


def test_flask_under_twenty_dollars_begins_with_a_free_film(shop: Flask) -> None:
    client: FlaskClient = shop.test_client()
    found = client.get("/courses?q=flask&level=beginner").text
    assert "/courses/flask-first-steps" in found
    with shop.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "flask-first-steps")).one()
        assert course.price_cents < 2000
    first = client.get("/learn/flask-first-steps/what-happens-when-a-request-arrives")
    assert first.status_code == 200


def test_every_icon_that_is_named_is_in_the_sprite(shop: Flask) -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons/sprite.svg").read_text()))
    assert {row["icon"] for row in source.categories()} <= drawn
    named: Callable[[str], list[str]] = re.compile(r"ui\.icon\(\s*['\"]([a-z-]+)['\"]").findall
    used = {name for page in (ROOT / "templates").rglob("*.html") for name in named(page.read_text())}
    assert used <= drawn


def test_every_course_comes_back_as_it_was_exported(shop: Flask, tmp_path: Path) -> None:
    """Out, in and out again changes nothing but the address, which is taken."""
    with shop.app_context():
        slugs = db.session.scalars(select(Course.slug).order_by(Course.slug)).all()
        for slug in effort.cases(slugs, slugs[::4]):
            one, two = tmp_path / slug / "one", tmp_path / slug / "two"
            course = db.session.scalars(select(Course).where(Course.slug == slug)).one()
            creator_id = course.creator_id
            folder_writer.to_folder(exporting.entries(course), one, lambda *_: None)
            made = importing.prepare_folder(one, db.session.get_one(User, creator_id))
            try:
                again = importing.write_or_undo(made, db.session.get_one(User, creator_id), slug)
                folder_writer.to_folder(exporting.entries(again), two, lambda *_: None)
                mine, theirs = f'slug = "{again.slug}"', f'slug = "{slug}"'
            finally:
                db.session.rollback()
                made.discard()
            (two / MANIFEST).write_text((two / MANIFEST).read_text().replace(mine, theirs))
            assert course_folders.read(two) == course_folders.read(one), slug
            assert made.notes == [], slug
