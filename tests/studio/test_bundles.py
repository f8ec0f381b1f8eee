"""Bundles in the studio: created, filled, priced, put forward, archived and deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from domain.authoring import deletion
from domain.base import clock
from domain.bundles import contents
from models import (
    AuditEntry,
    Bundle,
    BundleCourse,
    Course,
    ModerationItem,
    Notification,
    PriceChange,
    Product,
    ProductStatus,
    ProductVisibility,
    Purchase,
    SlugRedirect,
    UpdateState,
    User,
    db,
)
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.decisions import carried_out_at_once

__all__ = ["carried_out_at_once"]
Browser = Callable[[User], FlaskClient]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
NOBODY = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def bundle(app: Flask, cast: Cast) -> Bundle:
    """A bundle of Ada's with three courses, which is on sale."""
    with app.test_request_context(method="POST"):
        third = make_course(cast, "Third one")
        made = make_bundle(
            cast, [cast.flask_course.id, cast.free_course.id, third.id],
            description="Everything about small sites.", description_html="<p>Everything.</p>",
        )  # fmt: skip
        db.session.commit()
        db.session.refresh(made)
        db.session.expunge(made)
    return made


def stored(app: Flask, slug: str = "web-bundle") -> Any:
    with app.app_context():
        return db.session.execute(
            db.select(
                Bundle.id, Bundle.title, Bundle.status, Bundle.update_state, Bundle.price_cents,
                Bundle.visibility, Bundle.deleted_at,
            ).where(Bundle.slug == slug)
        ).one_or_none()  # fmt: skip


def order_of(app: Flask, bundle_id: Any) -> list[str]:
    with app.app_context():
        query = db.select(Course.title).join(BundleCourse, BundleCourse.course_id == Course.id)
        return list(
            db.session.scalars(
                query.where(BundleCourse.bundle_id == bundle_id).order_by(BundleCourse.position)
            )
        )


def test_from_a_title_to_a_sale(app: Flask, cast: Cast, signed_in: Browser) -> None:
    ada = signed_in(cast.ada)
    made = ada.post("/studio/bundles/new", data={"title": "Both of them", "category": str(cast.web.id)})
    there = stored(app, "both-of-them")
    home = f"/studio/bundles/{there.id}"
    assert (made.status_code, made.location) == (303, f"{home}/courses")
    page = ada.get(f"{home}/courses").text
    assert "Flask, first steps" in page
    assert "Secret draft" not in page, "another creator's"
    assert "disabled" in ada.get(f"{home}/publish").text
    assert ada.post(f"{home}/publish").status_code == 422
    for course in (cast.flask_course, cast.free_course):
        assert ada.post(f"{home}/courses", data={"course": str(course.id)}).status_code == 303
    said = {"title": "Both of them", "slug": "both", "summary": "Two.", "level": "beginner",
            "description": "All that there is to *know*.", "category": str(cast.web.id)}  # fmt: skip
    assert ada.post(home, data=said).status_code == 303
    price = {"price": "15", "visibility": "public", "sale_price": "", "sale_ends": ""}
    assert ada.post(f"{home}/price", data=price).status_code == 303
    assert ada.post(f"{home}/publish").status_code == 303
    row = stored(app, "both")
    assert (row.status, row.price_cents) == (ProductStatus.PUBLISHED, 1500)
    with app.app_context():
        assert db.session.get(SlugRedirect, "both-of-them") is not None
        assert db.session.scalars(db.select(PriceChange.price_cents)).all() == [1500]
        done = set(
            db.session.scalars(db.select(AuditEntry.action).where(AuditEntry.subject_type == "bundle"))
        )
    assert done >= {"create", "add_to_bundle", "describe", "submit", "publish"}
    assert "Both of them" in ada.get("/studio/bundles").text


def test_courses_are_ordered_and_taken_out(
    app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser
) -> None:
    ada, home = signed_in(cast.ada), f"/studio/bundles/{bundle.id}/courses"
    flask, free = cast.flask_course.id, cast.free_course.id
    assert ada.post(f"{home}/{free}/move", data={"to": "first"}).status_code == 303
    assert order_of(app, bundle.id) == ["Reading code", "Flask, first steps", "Third one"]
    swapped = ada.post(f"{home}/{free}/move", data={"to": f"after:{flask}"}, headers=HTMX)
    assert swapped.text.index("Flask, first steps") < swapped.text.index("Reading code")
    assert swapped.text.lstrip().startswith('<div class="plan"')
    assert ada.post(f"{home}/{free}/remove").status_code == 303
    assert ada.post(f"{home}/{free}/remove").status_code == 404
    assert ada.post(f"{home}/{free}/move", data={"to": "first"}).status_code == 404
    assert ada.post(f"{home}/{flask}/move", data={"to": f"after:{free}"}).status_code == 404
    assert ada.post(f"{home}/{flask}/move", data={"to": "sideways"}).status_code == 422
    assert order_of(app, bundle.id) == ["Flask, first steps", "Third one"]
    again = ada.post(home, data={"course": str(flask)})
    assert again.status_code == 303
    assert len(order_of(app, bundle.id)) == 2


def test_what_nobody_can_add(app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser) -> None:
    ada, home = signed_in(cast.ada), f"/studio/bundles/{bundle.id}/courses"
    for stranger in (bundle.id, cast.draft_course.id, NOBODY):
        assert ada.post(home, data={"course": str(stranger)}).status_code == 404
    assert ada.post(home, data={"course": "x" * 10_000}).status_code == 422
    assert ada.post(home).status_code == 422


@pytest.mark.parametrize("page", ["", "/courses", "/price", "/publish", "/archive", "/delete"])
def test_other_peoples_bundles_are_unknown(
    app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser, page: str
) -> None:
    address = f"/studio/bundles/{bundle.id}{page}"
    assert signed_in(cast.ada).get(address).status_code == 200
    assert signed_in(cast.mo).get(address).status_code == 200
    nia = signed_in(cast.nia)
    assert nia.get(address).status_code == nia.post(address).status_code == 404
    assert signed_in(cast.cy).get(address).status_code == 303


def test_price_and_visibility(app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser) -> None:
    ada, home = signed_in(cast.ada), f"/studio/bundles/{bundle.id}/price"
    typed = {"price": "0.10", "visibility": "public", "sale_price": "", "sale_ends": ""}
    low = ada.post(home, data=typed)
    assert low.status_code == 422
    assert "Payments start at $0.50" in low.text
    assert 'value="0.10"' in low.text
    members = ada.post(home, data=typed | {"price": "12", "visibility": "members_only"})
    assert members.status_code == 422
    assert ada.post(home, data=typed | {"price": "12", "visibility": "private"}).status_code == 303
    row = stored(app)
    assert (row.price_cents, row.visibility) == (1200, ProductVisibility.PRIVATE)


def test_two_tabs_keep_each_others_changes(
    app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser
) -> None:
    ada, home = signed_in(cast.ada), f"/studio/bundles/{bundle.id}/price"
    page = ada.get(home).text
    was = [part.split('"')[0] for part in page.split('<option selected value="')[1:]]
    typed = {"price": "15", "visibility": "public", "sale_price": "", "sale_ends": "", "was": ["", *was]}
    assert ada.post(home, data=typed | {"visibility": "unlisted"}).status_code == 303
    assert ada.post(home, data=typed | {"price": "13"}).status_code == 303
    row = stored(app)
    assert (row.price_cents, row.visibility) == (1300, ProductVisibility.UNLISTED)
    clash = ada.post(home, data=typed | {"price": "11"})
    assert clash.status_code == 409
    assert "changed elsewhere" in clash.text


def test_reviewed_where_its_creator_is_not_trusted(
    app: Flask, cast: Cast, signed_in: Browser, carried_out_at_once: Callable[..., str]
) -> None:
    nia, mo = signed_in(cast.nia), signed_in(cast.mo)
    with app.test_request_context(method="POST"):
        ids = [make_course(cast, title, creator_id=cast.nia.id).id for title in ("One", "Two")]
        made = make_bundle(
            cast, ids, slug="ones", creator_id=cast.nia.id, status=ProductStatus.DRAFT, published_at=None,
            description="One and two together.",
        )  # fmt: skip
        home = f"/studio/bundles/{made.id}"
        db.session.commit()
    assert "Submit for review" in nia.get(f"{home}/publish").text
    assert nia.post(f"{home}/publish").status_code == 303
    assert stored(app, "ones").status == ProductStatus.PENDING_REVIEW
    assert nia.post(f"{home}/publish/withdraw").status_code == 303
    assert stored(app, "ones").status == ProductStatus.DRAFT
    nia.post(f"{home}/publish")
    item = open_item(app)
    page = mo.get(f"/admin/moderation/{item}").text
    assert "Bundle page" in page
    assert "One</a>" in page
    assert "Ones" in mo.get("/admin/moderation").text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    sent_back = {"verdict": "changes_requested", "notes": "Say more.", "seen": seen}
    assert mo.post(f"/admin/moderation/{item}/decide", data=sent_back).status_code == 303
    assert stored(app, "ones").status == ProductStatus.REJECTED
    assert "Say more." in nia.get(f"{home}/publish").text
    nia.post(f"{home}/publish")
    nia.post(f"{home}/price", data={"price": "9", "visibility": "public"})
    late = {"verdict": "approved", "seen": seen}
    item = open_item(app)
    assert mo.post(f"/admin/moderation/{item}/decide", data=late).status_code == 422
    page = mo.get(f"/admin/moderation/{item}").text
    late["seen"] = page.split('name="seen" value="')[1].split('"')[0]
    assert mo.post(f"/admin/moderation/{item}/decide", data=late).status_code == 303
    assert stored(app, "ones").status == ProductStatus.PUBLISHED
    with app.app_context():
        told = db.session.scalars(
            db.select(Notification.title).where(Notification.user_id == cast.nia.id)
        ).all()
    assert told == ["“Ones” needs changes", "“Ones” is published"]
    change = {"title": "Ones and more", "slug": "ones", "summary": "", "description": "One and two together.",
              "level": "beginner", "category": str(cast.web.id)}  # fmt: skip
    assert nia.post(home, data=change).status_code == 303
    row = stored(app, "ones")
    assert (row.title, row.update_state) == ("Ones", UpdateState.EDITING)
    assert "Not published yet: title" in nia.get(home).text
    assert nia.post(f"{home}/publish").status_code == 303
    item = open_item(app)
    assert "<ins>Ones and more</ins>" in mo.get(f"/admin/moderation/{item}").text
    assert mo.post(f"/admin/moderation/{item}/decide", data={"verdict": "approved"}).status_code == 303
    assert stored(app, "ones").title == "Ones and more"


def open_item(app: Flask) -> Any:
    with app.app_context():
        return db.session.scalars(
            db.select(ModerationItem.id).where(ModerationItem.closed_at.is_(None))
        ).one()


def test_archived_and_deleted(app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser) -> None:
    ada, home = signed_in(cast.ada), f"/studio/bundles/{bundle.id}"
    assert ada.post(f"{home}/archive").status_code == 303
    assert stored(app).status == ProductStatus.ARCHIVED
    assert "Nobody has bought it" in ada.get(f"{home}/delete").text
    assert ada.post(f"{home}/delete").status_code == 303
    assert stored(app) is None
    with app.app_context():
        assert db.session.scalars(db.select(BundleCourse)).all() == [], "its links go with it"
        assert db.session.get(Course, cast.flask_course.id) is not None


def test_a_sold_one_is_hidden(app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        line = Purchase(
            order_id=cast.order.id, user_id=cast.cy.id, owner_id=cast.cy.id, product_id=bundle.id,
            price_cents=0, amount_cents=0, currency="usd", product_snapshot={}, status="failed",
        )  # fmt: skip
        db.session.add(line)
        db.session.commit()
    ada, home = signed_in(cast.ada), f"/studio/bundles/{bundle.id}"
    assert ada.post(f"{home}/delete").status_code == 303
    assert stored(app).deleted_at is not None
    assert ada.get(home).status_code == 404
    assert "Web bundle" not in ada.get("/studio/bundles").text


def test_a_course_in_a_bundle_cannot_be_deleted(
    app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser
) -> None:
    ada, course = signed_in(cast.ada), f"/studio/courses/{cast.free_course.id}/delete"
    refused = ada.post(course)
    assert refused.status_code == 422
    assert "in the bundle “Web bundle”" in refused.text
    with app.test_request_context(method="POST"), pytest.raises(IntegrityError):
        db.session.execute(db.delete(Product).where(Product.id == cast.free_course.id))
    ada.post(f"/studio/bundles/{bundle.id}/courses/{cast.free_course.id}/remove")
    assert ada.post(course).status_code == 303


def test_exported_as_csv(app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser) -> None:
    lines = signed_in(cast.ada).get("/studio/bundles.csv").text.splitlines()
    assert lines[1].startswith("Web bundle,web-bundle,published,USD,15.00,0,")
    assert [line.rsplit(",", 6)[1:4] for line in lines[1:]] == [
        ["flask-first-steps", "19.00", "9.83"],
        ["reading-code", "0.00", "0.00"],
        ["third-one", "10.00", "5.17"],
    ]


def test_found_by_its_tags_and_shown_by_its_sharing_texts(
    app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser
) -> None:
    ada, home = signed_in(cast.ada), f"/studio/bundles/{bundle.id}"
    said = {"title": bundle.title, "slug": bundle.slug, "summary": bundle.summary, "level": "beginner",
            "description": bundle.description, "category": str(cast.web.id)}  # fmt: skip
    many = ", ".join(f"Tag {number}" for number in range(11))
    refused = ada.post(home, data=said | {"tags": many})
    assert refused.status_code == 422
    assert "Use at most 10 tags." in refused.text
    assert ada.post(home, data=said | {"tags": "Zebrafish, Web"}).status_code == 303
    assert 'value="Web, Zebrafish"' in ada.get(home).text
    long = ada.post(f"{home}/sharing", data={"meta_title": "a" * 61, "meta_description": "b" * 161})
    assert long.status_code == 422
    assert "Use at most 60 characters." in long.text
    assert "Use at most 160 characters." in long.text
    texts = {"meta_title": "Two courses, one price", "meta_description": "Small sites, whole."}
    assert ada.post(f"{home}/sharing", data=texts).status_code == 303
    page = app.test_client().get("/bundles/web-bundle").text
    assert "<title>Two courses, one price · " in page
    assert '<meta name="description" content="Small sites, whole.">' in page
    assert 'href="/courses?q=Zebrafish"' in page
    assert 'href="/bundles/web-bundle"' in app.test_client().get("/courses?q=zebrafish").text
    line = ada.get("/studio/bundles.csv").text.splitlines()[1]
    assert line.endswith(',"Web, Zebrafish","Two courses, one price","Small sites, whole."')


def test_the_list_of_courses_counts_courses(
    app: Flask, bundle: Bundle, cast: Cast, signed_in: Browser
) -> None:
    assert "All 3<" in signed_in(cast.ada).get("/studio/courses").text


def test_a_course_of_a_hidden_bundle_is_hidden_as_well(app: Flask, bundle: Bundle, cast: Cast) -> None:
    with app.app_context():
        row = db.session.get_one(Bundle, bundle.id)
        row.deleted_at = clock.now()
        db.session.flush()
        course = db.session.get_one(Course, cast.free_course.id)
        assert contents.bundle_titles(course) == []
        assert deletion.outcome_of(course) == deletion.DeletionOutcome.HIDDEN
