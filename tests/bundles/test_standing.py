"""What admins do to bundles, and what sales of them count as."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from domain.analytics import daily_counts
from domain.base import clock
from domain.bundles import growing
from domain.moderation import creator_suspension
from models import Bundle, BundleCourse, Course, CourseAnalytics, Product, ProductStatus, User, db
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.checkout.conftest import shop
from tests.checkout.shop import Shop
from tests.decisions import carried_out_at_once

__all__ = ["carried_out_at_once", "shop"]
Browser = Callable[[User], FlaskClient]


def test_it_goes_off_sale_with_its_creator_and_comes_back(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast, visibility="unlisted")
        ada, mo = db.session.get_one(User, cast.ada.id), db.session.get_one(User, cast.mo.id)
        creator_suspension.suspend(ada, mo, "Copied.", with_courses=True)
        assert (bundle.status, bundle.off_with_creator) == (ProductStatus.ARCHIVED, True)
        assert creator_suspension.taken_off(ada) == 3
        creator_suspension.restore(ada, mo, with_courses=True)
        assert (bundle.status, bundle.off_with_creator) == (ProductStatus.PUBLISHED, False)


def test_a_reported_one_is_taken_down(
    app: Flask, cast: Cast, signed_in: Browser, carried_out_at_once: Callable[..., str]
) -> None:
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast).id
        db.session.commit()
    cy, mo = signed_in(cast.cy), signed_in(cast.mo)
    sent = cy.post("/courses/web-bundle/report", data={"reason": "spam", "note": "It advertises."})
    assert sent.status_code == 303
    item = mo.post("/admin/moderation/next").location
    assert "It advertises." in mo.get(item).text
    decided = mo.post(f"{item}/decide", data={"verdict": "hidden", "notes": "No advertising."})
    assert decided.status_code == 303
    with app.app_context():
        assert db.session.get_one(Bundle, bundle).status == ProductStatus.ARCHIVED
    assert "No advertising." in signed_in(cast.ada).get(f"/studio/bundles/{bundle}/publish").text


def test_a_course_that_was_added_later_was_not_sold(shop: Shop, app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast, [cast.flask_course.id, make_course(cast, "Other").id])
        new = make_course(cast, "New").id
        db.session.commit()
        shown = db.session.get_one(Product, bundle.id)
        db.session.refresh(shown)
        db.session.expunge(shown)
    shop.buy(shop.signed_in(cast.cy), shown)  # type: ignore[arg-type]  # anything with an id
    shop.hear()
    with app.test_request_context(method="POST"):
        link = {"position": 3, "agreed_at": clock.now(), "for_buyers": True}
        db.session.add(BundleCourse(bundle_id=shown.id, course_id=new, **link))
        db.session.commit()
        growing.give_to_buyers(str(shown.id), str(new))
        db.session.commit()
        today = clock.now().date()
        list(daily_counts.count(today, today))
        sales = db.session.execute(
            db.select(Product.title, CourseAnalytics.sales)
            .join(CourseAnalytics, CourseAnalytics.course_id == Product.id)
            .where(CourseAnalytics.date == today, Product.id.in_(db.select(Course.__table__.c.id)))
        ).all()
    assert {title: count for title, count in sales if count} == {"Flask, first steps": 1, "Other": 1}
