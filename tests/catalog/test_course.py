"""The page of a course: for whom it is there, what it says, what it offers to whom."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock, slugs
from domain.platform import events
from models import (
    AccessGrant,
    Course,
    Enrollment,
    GrantSource,
    Lesson,
    ProductStatus,
    ProductVisibility,
    Role,
    User,
    course_prerequisites,
    db,
)
from tests.cast import Cast
from tests.catalog.shop import add_course

PAGE = "/courses/flask-first-steps"
Browser = Callable[[User], FlaskClient]


def change(app: Flask, course: Course, **values: object) -> None:
    """Change a course and commit."""
    with app.app_context():
        row = db.session.get_one(Course, course.id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def test_what_it_says(client: FlaskClient, cast: Cast) -> None:
    page = client.get(PAGE).text
    for text in (
        '<h1 lang="en" dir="ltr">Flask, first steps</h1>', "Route requests", "Some Python",
        "<strong>Long</strong>", "Go on", "Going live", "32 min", "$19.00", "English", "Beginner",
        "next update due by", "Updated",
        'href="/creators/ada"',        'href="/categories/web"', 'href="/courses?q=Python"', "No reviews yet",
    ):  # fmt: skip
        assert text in page
    assert '<a href="/learn/flask-first-steps/hello-flask" lang="en"' in page, "previews are open"
    assert '<a href="/learn/flask-first-steps/routes">' not in page
    assert '<link rel="canonical" href="http://localhost/courses/flask-first-steps">' in page
    assert "noindex" not in page


def test_strangers_are_asked_to_make_an_account(client: FlaskClient, cast: Cast) -> None:
    page = client.get(PAGE).text
    assert 'href="/register?next=/courses/flask-first-steps"' in page
    assert "<form action" not in page.split('id="buy-box"')[1].split("</aside>")[0]


def test_a_learner_can_buy(cast: Cast, signed_in: Browser) -> None:
    box = signed_in(cast.cy).get(PAGE).text.split('id="buy-box"')[1]
    assert 'action="/checkout"' in box
    assert f'name="product" value="{cast.flask_course.id}"' in box


def test_an_owner_goes_on(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.execute(db.update(Enrollment).values(progress_percent=40))
        db.session.commit()
    box = signed_in(cast.bo).get(PAGE).text.split('id="buy-box"')[1]
    assert "Continue learning" in box
    assert "40% complete" in box
    assert 'action="/checkout"' not in box


def test_a_revoked_grant_is_none(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.execute(db.update(AccessGrant).values(revoked_at=clock.now()))
        db.session.commit()
    assert 'action="/checkout"' in signed_in(cast.bo).get(PAGE).text


def test_unverified_people_are_told(cast: Cast, signed_in: Browser) -> None:
    box = signed_in(cast.una).get(PAGE).text.split('id="buy-box"')[1]
    assert "Confirm your email address" in box
    assert 'action="/checkout"' not in box


def test_creators_and_admins_are_told(cast: Cast, signed_in: Browser) -> None:
    assert "This is your own course" in signed_in(cast.ada).get(PAGE).text
    assert "access to every course" in signed_in(cast.mo).get(PAGE).text


def test_free_courses_are_taken(client: FlaskClient, cast: Cast, signed_in: Browser) -> None:
    assert 'href="/register?next=/courses/reading-code"' in client.get("/courses/reading-code").text
    assert 'action="/learn/reading-code/enroll"' in signed_in(cast.cy).get("/courses/reading-code").text


def test_a_sale_and_its_end(app: Flask, client: FlaskClient, cast: Cast) -> None:
    change(
        app, cast.flask_course, sale_price_cents=1100, reference_price_cents=1900,
        sale_ends_at=clock.now() + timedelta(hours=30),
    )  # fmt: skip
    page = client.get(PAGE).text
    assert "<b>$11.00</b>" in page
    assert "<s>$19.00</s>" in page
    assert "in 1 day" in page
    change(app, cast.flask_course, sale_ends_at=clock.now() - timedelta(seconds=1))
    assert "$11.00" not in client.get(PAGE).text


def test_drafts_are_for_their_creator_and_admins(client: FlaskClient, cast: Cast, signed_in: Browser) -> None:
    for person, status in ((cast.nia, 200), (cast.mo, 200), (cast.ada, 404), (cast.cy, 404)):
        page = signed_in(person).get("/courses/secret-draft")
        assert page.status_code == status
        assert ("isn’t published" in page.text) is (status == 200)
    assert client.get("/courses/secret-draft").status_code == 404


@pytest.mark.parametrize(
    ("change_to", "shown", "indexed", "sold"),
    [
        ({"visibility": ProductVisibility.UNLISTED}, True, False, True),
        ({"visibility": ProductVisibility.MEMBERS_ONLY}, True, False, False),
        ({"visibility": ProductVisibility.PRIVATE}, False, False, False),
        ({"status": ProductStatus.EXPIRED}, True, False, False),
        ({"status": ProductStatus.ARCHIVED}, True, False, False),
        ({"expires_at": clock.now() - timedelta(hours=1)}, True, False, False),
        ({"deleted_at": clock.now()}, False, False, False),
    ],
)
def test_what_is_not_on_the_shelf(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser, change_to: dict[str, object],
    shown: bool, indexed: bool, sold: bool,
) -> None:  # fmt: skip
    change(app, cast.flask_course, **change_to)
    page = client.get(PAGE)
    assert page.status_code == (200 if shown else 404)
    assert ('content="noindex"' not in page.text) is indexed
    assert ('action="/checkout"' in signed_in(cast.cy).get(PAGE).text) is sold
    owned = signed_in(cast.bo).get(PAGE)
    assert "Start learning" in owned.text, "owners keep it"


def test_a_renamed_course_is_found_at_its_old_address(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        slugs.rename(course, slugs.for_product("Second steps", course.id))
        slugs.rename(course, "third-steps")
        db.session.commit()
        assert slugs.for_product("Second steps") == "second-steps-2"
        assert slugs.for_product("Second steps", course.id) == "second-steps"
    for old in ("flask-first-steps", "second-steps"):
        moved = client.get(f"/courses/{old}")
        assert (moved.status_code, moved.headers["Location"]) == (301, "/courses/third-steps")
    with app.app_context():
        slugs.rename(db.session.get_one(Course, cast.flask_course.id), "flask-first-steps")
        db.session.commit()
    assert client.get(PAGE).status_code == 200
    assert client.get("/courses/third-steps").status_code == 301


@pytest.mark.parametrize("slug", ["nothing", "%00", "..%2f..", "a" * 3000, "%F0%9F%98%80", "'%20or%201=1"])
def test_addresses_that_lead_nowhere(client: FlaskClient, cast: Cast, slug: str) -> None:
    for area in ("courses", "categories", "creators"):
        assert client.get(f"/{area}/{slug}").status_code == 404


def test_linked_data(app: Flask, client: FlaskClient, cast: Cast) -> None:
    change(app, cast.flask_course, title="</script><b>&", rating_avg=4.5, rating_count=2)
    raw = client.get(PAGE).text.split('application/ld+json">')[1].split("</script>")[0]
    assert "<" not in raw
    course, crumbs = json.loads(raw)
    assert course["name"] == "</script><b>&"
    assert course["offers"]["price"] == "19.00"
    assert course["offers"]["priceCurrency"] == "USD"
    assert course["aggregateRating"]["reviewCount"] == 2
    assert [item["name"] for item in crumbs["itemListElement"]][:3] == ["Courses", "Web", "Flask"]


def test_lessons_that_are_private_stay_out_of_sight(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(db.update(Lesson).where(Lesson.slug == "routes").values(published=False))
        db.session.execute(db.update(Lesson).where(Lesson.slug == "going-live").values(visibility="private"))
        db.session.commit()
    page = client.get(PAGE).text
    assert "Forms on film" in page
    assert "Routes" not in page
    assert "Going live" not in page


def test_prerequisite_and_related_courses(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        near = add_course(cast, "Near", category=cast.flask_category, technology="Flask")
        add_course(cast, "Same category", category=cast.web)
        hidden = add_course(cast, "Hidden", status=ProductStatus.DRAFT)
        rows = [{"course_id": cast.flask_course.id, "prerequisite_id": c.id} for c in (near, hidden)]
        db.session.execute(course_prerequisites.insert(), rows)
        db.session.commit()
    page = client.get(PAGE).text
    assert 'Best taken after: <a href="/courses/near" dir="auto">Near</a></p>' in page
    related = page.split('id="related"')[1].split("</section>")[0]
    assert related.index("/courses/near") < related.index("/courses/same-category")
    assert PAGE not in related
    assert "Hidden" not in page


def test_views_are_counted_without_the_creator_and_machines(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser
) -> None:
    people = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140"}
    with app.app_context():
        before = db.session.get_one(Course, cast.flask_course.id).updated_at
    for _ in range(3):
        client.get(PAGE, headers=people)
    signed_in(cast.cy).get(PAGE, headers=people)
    signed_in(cast.ada).get(PAGE, headers=people)
    client.get(PAGE, headers={"User-Agent": "Googlebot/2.1"})
    client.get(PAGE, headers={"User-Agent": ""})
    with app.app_context():
        assert db.session.get_one(Course, cast.flask_course.id).view_count == 0
        db.session.remove()
        assert events.flush() == 9, "four views of the course, and five pages that people saw"
        assert events.flush() == 0
        row = db.session.get_one(Course, cast.flask_course.id)
        assert (row.view_count, row.updated_at) == (4, before)


def test_views_wait_when_they_cannot_be_written(app: Flask, client: FlaskClient, cast: Cast) -> None:
    client.get(PAGE, headers={"User-Agent": "Mozilla/5.0 Firefox"})
    with app.app_context():
        db.session.execute(db.text("ALTER TABLE products RENAME TO products_away"))
        db.session.commit()
        with pytest.raises(Exception, match="products"):
            events.flush()
        db.session.execute(db.text("ALTER TABLE products_away RENAME TO products"))
        db.session.commit()
        assert events.flush() == 2, "the view of the page, and of the course"


def test_queries_are_few(app: Flask, cast: Cast, client: FlaskClient, signed_in: Browser) -> None:
    with app.app_context():
        for number in range(30):
            add_course(cast, f"Flask more {number}", category=cast.flask_category, technology="Flask")
    visitors = {"stranger": client, "owner": signed_in(cast.bo), "buyer": signed_in(cast.cy)}
    limits = {"/courses": 5, "/courses?q=flask&level=beginner&sort=newest&page=2": 5, "/": 5, PAGE: 8}
    for name, browser in visitors.items():
        for address, limit in limits.items():
            browser.get(address)
            with app.app_context():
                db.session.commit()
            assert queries(app, browser, address) <= limit, (name, address)


def queries(app: Flask, browser: FlaskClient, address: str) -> int:
    """How many statements a request of `address` sends, BEGIN left out."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    with app.app_context():
        engine = db.engine
    db.event.listen(engine, "before_cursor_execute", note)
    try:
        assert browser.get(address).status_code == 200
    finally:
        db.event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def test_a_course_of_somebody_without_a_page_still_has_one(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    with app.app_context():
        admin = db.session.get_one(User, cast.mo.id)
        assert admin.role == Role.ADMIN
        add_course(cast, "House rules", creator_id=admin.id)
    page = client.get("/courses/house-rules").text
    address = page.split('By <a href="')[1].split('"')[0]
    assert "House rules" in client.get(address).text


def test_a_gift_opens_it_too(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.add(
            AccessGrant(
                user_id=cast.cy.id,
                course_id=cast.flask_course.id,
                source=GrantSource.COMPLIMENTARY,
                source_id=uuid.uuid4(),
                granted_at=clock.now(),
            )
        )
        db.session.commit()
    assert "Start learning" in signed_in(cast.cy).get(PAGE).text
