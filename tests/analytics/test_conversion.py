"""The way from view to sale by day: of products, coupons and the shop, and money by shares."""

import datetime as dt
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import delete, select

from domain.analytics import conversion_report, daily_counts
from domain.analytics.reporting_periods import Period
from domain.base import clock
from domain.coupons import entering, redemptions
from domain.coupons.discounts import DiscountLine
from domain.platform import events
from domain.platform.event_registry import EventName
from models import (
    CouponDay,
    CouponRefusalDay,
    Course,
    CourseAnalytics,
    DailySales,
    Event,
    Gift,
    Order,
    OrderStatus,
    Product,
    ProductDay,
    ProductPeriod,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    Refund,
    RefundCause,
    RefundLine,
    RefundStatus,
    ShopDay,
    User,
    db,
)
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.coupons.making import ask, coupon, order

NOON = datetime.combine(clock.now().date() - timedelta(days=3), dt.time(12), UTC)
DAY, NEXT = NOON.date(), (NOON + timedelta(days=1)).date()
TOTALS = (ProductDay, ProductPeriod, ShopDay, CouponDay, CouponRefusalDay, CourseAnalytics, DailySales)


def count() -> None:
    """Count from the day on; the session sees what was written."""
    db.session.commit()
    for _ in daily_counts.count(DAY, clock.now().date()):
        pass
    db.session.rollback()


def everything() -> list[list[str]]:
    """All totals, to compare."""
    return [sorted(map(str, db.session.execute(select(t.__table__)).all())) for t in TOTALS]


def counts(product_id: uuid.UUID, day: dt.date = DAY) -> tuple[int, ...]:
    """A product's views, carts, checkouts, sales and revenue on a day."""
    row = ProductDay.__table__.c
    query = select(row.views, row.cart_adds, row.checkouts, row.paid, row.revenue_cents)
    found = db.session.execute(query.where(row.product_id == product_id, row.date == day)).one_or_none()
    return tuple(found) if found else (0, 0, 0, 0, 0)


def happened(name: EventName, course: Course | None = None, at: datetime = NOON, **properties: Any) -> None:
    course_id = course.id if course is not None else None
    db.session.add(Event(name=name, created_at=at, course_id=course_id, properties=properties))


def sell(
    buyer: User, product: Product, shares: dict[Course, int], tax: int = 0, off: int = 0, at: datetime = NOON
) -> Purchase:
    """A paid line, whose price goes to some courses."""
    cents = sum(shares.values())
    sold = Order(
        number=f"LN-{uuid.uuid4().hex[:12]}", user_id=buyer.id, cart_key=uuid.uuid4().hex, currency="usd",
        subtotal_cents=cents + off, discount_cents=off, tax_cents=tax, total_cents=cents + tax,
        status=OrderStatus.COMPLETED, created_at=at, completed_at=at + timedelta(minutes=2),
    )  # fmt: skip
    db.session.add(sold)
    db.session.flush()
    line = Purchase(
        order_id=sold.id, user_id=buyer.id, owner_id=buyer.id, product_id=product.id, product_snapshot={},
        price_cents=cents + off, discount_cents=off, amount_cents=cents, tax_cents=tax, currency="usd",
        status=PurchaseStatus.COMPLETED, created_at=at,
    )  # fmt: skip
    db.session.add(line)
    for course, part in shares.items():
        db.session.add(
            PurchaseShare(
                purchase=line, creator_id=course.creator_id, course_id=course.id, list_cents=part,
                amount_cents=part, platform_fee_cents=0, creator_amount_cents=part,
            )
        )  # fmt: skip
    db.session.flush()
    return line


def refund(line: Purchase, net: int, at: datetime, tax: int = 0, **more: Any) -> Refund:
    """A refund of some of a line."""
    gross = net + tax
    made = Refund(
        order_id=line.order_id, payment_intent_id=f"pi_{uuid.uuid4().hex}", amount_cents=gross,
        currency=line.currency, cause=RefundCause.ADMIN, reason="You asked for it", created_at=at,
        **{"status": RefundStatus.SUCCEEDED, **more},
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    part = {"net_cents": net, "tax_cents": tax, "gross_cents": gross}
    db.session.add(RefundLine(refund_id=made.id, purchase_id=line.id, **part))
    if made.status == RefundStatus.SUCCEEDED:
        line.refunded_cents, line.returned_tax_cents, line.refunded_at = gross, tax, at
        line.status = PurchaseStatus.COMPLETED if line.left_cents else PurchaseStatus.REFUNDED
    return made


def test_a_bundle_goes_from_view_to_sale_and_its_courses_get_their_shares(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        other = make_course(cast, "Maps")
        flask = db.session.get_one(Course, cast.flask_course.id)
        bundle = make_bundle(cast, [flask.id, other.id])
        happened(EventName.CONTENT_VIEW, flask, kind="course")
        for _ in range(3):
            happened(EventName.BUNDLE_VIEW, product=str(bundle.id))
        happened(EventName.CART_ADDED, product=str(bundle.id), amount_cents=1500)
        happened(EventName.CART_ADDED, product=str(uuid.uuid4()), amount_cents=1500)  # deleted since
        order(cast.una, other).created_at = NOON
        line = sell(cast.cy, bundle, {flask: 1000, other: 500}, tax=300)
        refund(line, 750, NOON + timedelta(days=1), tax=150)  # half of it
        count()
        assert counts(bundle.id) == (3, 1, 1, 1, 1500)
        assert counts(bundle.id, NEXT) == (0, 0, 0, 0, -750)
        assert counts(flask.id) == (1, 0, 0, 0, 0)
        assert counts(other.id) == (0, 0, 1, 0, 0)
        total = CourseAnalytics.__table__.c
        query = select(total.course_id, total.date, total.sales, total.revenue_cents).where(total.date >= DAY)
        assert {row[:2]: row[2:] for row in db.session.execute(query) if any(row[2:])} == {
            (flask.id, DAY): (1, 1000), (other.id, DAY): (1, 500),
            (flask.id, NEXT): (0, -500), (other.id, NEXT): (0, -250),
        }  # fmt: skip
        shop = DailySales.__table__.c
        by_day = select(shop.date, shop.gross_cents, shop.refunded_cents).order_by(shop.date)
        assert db.session.execute(by_day.where(shop.date >= DAY)).all() == [(DAY, 1500, 0), (NEXT, 0, 750)]
        day = db.session.get_one(ShopDay, DAY)
        assert (day.views, day.cart_adds, day.checkouts, day.paid) == (4, 2, 2, 1)


def test_a_refund_that_failed_is_added_again_on_that_day(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        flask = db.session.get_one(Course, cast.flask_course.id)
        failed = {"status": RefundStatus.FAILED, "decided_at": NOON + timedelta(days=1)}
        refund(sell(cast.cy, flask, {flask: 1900}), 1900, NOON, **failed)
        count()
        assert (counts(flask.id)[-1], counts(flask.id, NEXT)[-1]) == (0, 1900)
        total = CourseAnalytics.__table__.c
        query = select(total.date, total.revenue_cents).where(total.course_id == flask.id, total.date >= DAY)
        assert dict(db.session.execute(query).all()) == {DAY: 0, NEXT: 1900}


def test_an_exchanged_gift_stays_a_sale_of_what_was_bought(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        other = make_course(cast, "Maps")
        flask = db.session.get_one(Course, cast.flask_course.id)
        line = sell(cast.cy, flask, {flask: 1900})
        line.is_gift = True
        db.session.add(
            Gift(
                purchase_id=line.id, sender_id=cast.cy.id, recipient="a@example.com", deliver_on=DAY,
                claimed_by_id=cast.una.id, claimed_at=NOON, exchanged_from_id=flask.id,
            )
        )  # fmt: skip
        line.product_id = other.id
        refund(line, 1900, NOON + timedelta(days=1))
        count()
        assert (counts(flask.id), counts(flask.id, NEXT)) == ((0, 0, 1, 1, 1900), (0, 0, 0, 0, -1900))
        assert counts(other.id) == counts(other.id, NEXT) == (0, 0, 0, 0, 0)
        total = CourseAnalytics.__table__.c
        query = select(total.date, total.revenue_cents).where(total.course_id == flask.id, total.date >= DAY)
        assert dict(db.session.execute(query).all()) == {DAY: 1900, NEXT: -1900}


def test_a_code_is_refused_taken_and_paid(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        made = coupon(max_uses=1)
        flask = db.session.get_one(Course, cast.flask_course.id)
        lines = [DiscountLine(flask, 1900, ())]
        entering.enter(None, lines, "welcome10")
        entering.enter(None, lines, "nowhere")
        sold = sell(cast.cy, flask, {flask: 1710}, off=190)
        paid = db.session.get_one(Order, sold.order_id)
        redemptions.reserve(paid, ask("WELCOME10", flask, buyer=cast.cy))
        redemptions.consume(paid)
        entering.enter(None, lines, "welcome10")  # used up by now
        db.session.flush()
        db.session.execute(db.update(Event).values(created_at=NOON))
        refund(sold, 855, NOON + timedelta(days=1))
        count()
        row = CouponDay.__table__.c
        found = db.session.execute(
            select(row.date, row.fitted, row.taken, row.paid, row.discount_cents, row.revenue_cents)
            .where(row.coupon_id == made.id)
            .order_by(row.date)
        ).all()
        assert found == [(DAY, 1, 1, 1, 190, 1710), (NEXT, 0, 0, 0, 0, -855)]
        figures = conversion_report.of_coupon(made, Period.MONTH)
        assert figures.sum[1:] == (1, 1, 1, 190, 855)
        assert conversion_report.refusals_of(made, Period.MONTH) == [("used_up", 1)]
        shop = db.session.get_one(ShopDay, DAY)
        assert (shop.codes_fitted, shop.codes_refused) == (1, 2)


def test_the_code_that_was_typed_is_counted_though_another_coupon_saves_more(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        typed, automatic = coupon(), coupon(None, value=50)
        flask = db.session.get_one(Course, cast.flask_course.id)
        entering.enter(None, [DiscountLine(flask, 1900, ())], "welcome10")
        db.session.flush()
        db.session.execute(db.update(Event).values(created_at=NOON))
        count()
        assert conversion_report.of_coupon(typed, Period.MONTH).sum.fitted == 1
        assert conversion_report.of_coupon(automatic, Period.MONTH).sum.fitted == 0


def test_counting_again_and_rebuilding_change_nothing(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        bundle, flask = make_bundle(cast), db.session.get_one(Course, cast.flask_course.id)
        happened(EventName.BUNDLE_VIEW, product=str(bundle.id))
        happened(EventName.COUPON_REFUSED, code="X", reason="No.", why="ended", coupon=str(coupon().id))
        refund(sell(cast.cy, bundle, {flask: 1500}), 1500, NOON + timedelta(days=1))
        count()
        before = everything()
        assert all(rows for table, rows in zip(TOTALS, before, strict=True) if table is not CouponDay)
        count()
        assert everything() == before
        db.session.execute(db.update(ProductDay).values(views=99, paid=99))
        db.session.execute(db.update(ShopDay).values(views=99, paid=99))
        db.session.execute(delete(ProductPeriod))
        db.session.commit()
    for _ in range(2):
        result = app.test_cli_runner().invoke(args=["stats", "rebuild"])
        assert result.exit_code == 0, result.output
    with app.app_context():
        after = everything()
        assert [rows for rows, old in zip(after, before, strict=True) if not set(old) <= set(rows)] == []


def test_days_whose_events_are_gone_keep_what_came_from_them(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        bundle, flask = make_bundle(cast), db.session.get_one(Course, cast.flask_course.id)
        happened(EventName.BUNDLE_VIEW, product=str(bundle.id))
        happened(EventName.CONTENT_VIEW, flask, NOON + timedelta(days=1), kind="course")
        sell(cast.cy, bundle, {flask: 1500})
        count()
        db.session.execute(delete(Event).where(Event.created_at == NOON))
        db.session.execute(db.update(ProductDay).values(paid=7))
        count()
        assert counts(bundle.id) == (1, 0, 1, 1, 1500)
        assert db.session.get_one(ShopDay, DAY).views == 1


def test_best_and_worst_are_ranked_by_period(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        seen, flask = make_course(cast, "Maps"), db.session.get_one(Course, cast.flask_course.id)
        for _ in range(conversion_report.LEAST_VIEWS):
            for _ in range(3):
                happened(EventName.CONTENT_VIEW, seen, kind="course")
            happened(EventName.CONTENT_VIEW, flask, kind="course")
            happened(EventName.CONTENT_VIEW, cast.free_course, kind="course")
        for buyer in (cast.cy, cast.nia):
            sell(buyer, flask, {flask: 1900})
        sell(cast.una, flask, {flask: 1900}, at=NOON - timedelta(days=200))
        db.session.commit()
        for _ in daily_counts.count(DAY - timedelta(days=210), clock.now().date()):
            pass
        best, shop = conversion_report.best(Period.MONTH), conversion_report.of_shop(Period.MONTH)
        assert [(one.id, one.paid, one.revenue_cents) for one in best] == [(flask.id, 2, 3800)]
        assert [one.id for one in conversion_report.worst(shop)] == [seen.id]
        assert conversion_report.best(Period.YEAR)[0].revenue_cents >= 5700
        assert {one.id for one in conversion_report.every_product(Period.MONTH)} >= {seen.id, flask.id}


def test_a_bundles_views_are_recorded_but_for_its_creators(app: Flask, cast: Cast, signed_in: Any) -> None:
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast)
        bundle_id = bundle.id
        db.session.commit()
    agent = {"User-Agent": "Mozilla/5.0 Firefox/130.0"}
    for person in (cast.cy, cast.ada, cast.mo):
        assert signed_in(person).get("/bundles/web-bundle", headers=agent).status_code == 200
    with app.app_context():
        events.flush()
        name = Event.name == EventName.BUNDLE_VIEW
        assert [row.properties for row in db.session.scalars(select(Event).where(name))] == [
            {"product": str(bundle_id)}
        ]
        assert db.session.get_one(Product, bundle_id).view_count == 1


def test_the_first_count_after_an_upgrade_begins_with_the_first_day(app: Flask, cast: Cast) -> None:
    """Days that were counted before these totals existed are counted once more."""
    with app.app_context():
        count()
        db.session.execute(delete(ShopDay))
        db.session.commit()
        first = daily_counts.first_day()
        assert first is not None
        assert daily_counts.begin()[0] == first.isoformat()
