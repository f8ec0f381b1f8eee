"""Which discount applies to a cart, and what is said where one doesn't."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from domain.base import clock
from domain.coupons import redemptions
from models import CouponKind, CouponScope, Product, User, db
from tests.adversary.hostile import TEXTS
from tests.cast import Cast
from tests.coupons.making import ask, coupon, order, own_coupon

DAY = timedelta(days=1)
EARLIER = {"valid_until": clock.now() - 40 * DAY}


@pytest.fixture(autouse=True)
def context(app: Flask) -> Any:
    with app.test_request_context(method="POST"):
        yield


@pytest.mark.parametrize("typed", ["WELCOME10", "welcome10", " Welcome10 "])
def test_a_code_applies_however_it_is_typed(cast: Cast, typed: str) -> None:
    made = coupon()
    found = ask(typed, cast.flask_course, cast.free_course, buyer=cast.cy)
    assert (found.coupon, found.by_line, found.refusal) == (made, (190, 0), None)


def test_no_code_is_no_discount(cast: Cast) -> None:
    found = ask("", cast.flask_course)
    assert (found.coupon, found.by_line, found.refusal, found.other) == (None, (0,), None, None)
    assert ask("").by_line == ()


REFUSALS: dict[str, tuple[Callable[[Cast], Any], str]] = {
    "over": (lambda c: coupon(valid_until=clock.now() - DAY), "“WELCOME10” ended on "),
    "stopped": (lambda c: coupon(active=False), "“WELCOME10” isn’t valid any more."),
    "later": (lambda c: coupon(valid_from=clock.now() + DAY), "“WELCOME10” starts on "),
    "small": (
        lambda c: coupon(min_order_cents=2000),
        "“WELCOME10” applies to orders from $20.00; this one comes to $19.00.",
    ),
    "another course": (
        lambda c: coupon(scope=CouponScope.PRODUCT, product_id=c.free_course.id),
        "“WELCOME10” isn’t for this course.",
    ),
    "another creator": (
        lambda c: coupon(scope=CouponScope.CREATOR, creator_id=c.nia.id),
        "“WELCOME10” isn’t for this course.",
    ),
    "another category": (
        lambda c: coupon(scope=CouponScope.CATEGORY, category_id=c.data.id),
        "“WELCOME10” isn’t for this course.",
    ),
    "deleted category": (lambda c: coupon(scope=CouponScope.CATEGORY), "“WELCOME10” isn’t for this course."),
    "used up": (lambda c: use(coupon(max_uses=1), c.bo, c), "“WELCOME10” has been used up."),
    "yours": (lambda c: use(coupon(per_user_limit=1), c.cy, c), "You have used “WELCOME10” already."),
    "not the first": (
        lambda c: use(coupon(first_purchase_only=True), c.cy, c),
        "“WELCOME10” is for a first purchase only.",
    ),
    "unknown": (lambda c: None, "There is no code “welcome10”. Check how it is written."),
}


def use(made: Any, buyer: User, cast: Cast) -> None:
    """Let somebody have paid with it."""
    paid = order(buyer, cast.flask_course)
    redemptions.reserve(paid, ask("WELCOME10", cast.flask_course, buyer=buyer))
    redemptions.consume(paid)
    paid.status, paid.completed_at = "completed", clock.now()
    db.session.flush()


@pytest.mark.parametrize("why", REFUSALS)
def test_a_refused_code_says_why(cast: Cast, why: str) -> None:
    prepare, sentence = REFUSALS[why]
    prepare(cast)
    found = ask("welcome10", cast.flask_course, buyer=cast.cy)
    assert found.coupon is None
    assert found.by_line == (0,)
    assert (found.refusal or "").startswith(sentence)


def test_what_a_person_has_used_is_not_held_against_another_or_a_guest(cast: Cast) -> None:
    use(coupon(per_user_limit=1, first_purchase_only=True), cast.cy, cast)
    assert ask("WELCOME10", cast.flask_course, buyer=None).cents == 190
    assert ask("WELCOME10", cast.flask_course, buyer=cast.una).cents == 190


def test_the_day_it_ended_is_the_shops(cast: Cast) -> None:
    coupon(
        valid_until=clock.now().replace(month=6, day=1, hour=0, minute=0, second=0, microsecond=0, year=2026)
    )
    assert ask("welcome10", cast.flask_course).refusal == "“WELCOME10” ended on 31 May 2026."


def test_a_category_holds_for_those_below_it(cast: Cast) -> None:
    coupon(scope=CouponScope.CATEGORY, category_id=cast.web.id)
    coupon("AUTO", scope=CouponScope.CATEGORY, category_id=cast.flask_category.id)
    assert cast.flask_category.parent_id == cast.web.id
    for code in ("WELCOME10", "AUTO"):
        assert ask(code, cast.flask_course, cast.flask_course, prices=(1000, 500)).by_line == (100, 50)


def test_only_what_it_is_for_gets_cheaper(cast: Cast) -> None:
    own_coupon(cast.ada, product_id=cast.flask_course.id, kind=CouponKind.FIXED_AMOUNT, value=5000)
    other = db.session.get_one(Product, cast.draft_course.id)
    assert ask("ADA10", other, cast.flask_course).by_line == (0, 1900)
    assert ask("ADA10", other).refusal == "“ADA10” isn’t for this course."
    assert ask("ADA10", other, other).refusal == "“ADA10” isn’t for anything in this order."


def test_what_costs_nothing_gets_no_cheaper(cast: Cast) -> None:
    coupon()
    assert ask("WELCOME10", cast.free_course).refusal == "“WELCOME10” can’t make this order any cheaper."


def test_the_code_or_one_automatic_whichever_saves_more(cast: Cast) -> None:
    coupon()
    ten = coupon(None, value=5)
    coupon(None, value=3, name="Smaller")
    coupon(None, value=90, name="Stopped", active=False)
    coupon(None, value=90, name="Over", **EARLIER)
    coupon(None, value=90, name="Later", valid_from=clock.now() + DAY)
    coupon(None, value=90, name="Elsewhere", scope=CouponScope.CREATOR, creator_id=cast.nia.id)
    assert ask("", cast.flask_course).coupon == ten
    found = ask("welcome10", cast.flask_course)
    assert found.coupon is not None
    assert (found.coupon.code, found.refusal) == ("WELCOME10", None)
    assert found.other == (
        "“WELCOME10” saves $1.90, more than “Spring sale” with $0.95. One discount applies to an order."
    )
    bigger = coupon(None, value=20, name="Big sale")
    found = ask("welcome10", cast.flask_course)
    assert (found.coupon, found.cents, found.refusal) == (bigger, 380, None)
    assert "“Big sale” saves $3.80, more than “WELCOME10” with $1.90" in (found.other or "")
    refused = ask("nonsense", cast.flask_course)
    assert (refused.coupon, refused.cents) == (bigger, 380)
    assert "no code “nonsense”" in (refused.refusal or "")


def test_what_is_left_can_be_charged_or_is_nothing(cast: Cast) -> None:
    coupon(value=99)
    coupon("ALL", value=100)
    assert ask("WELCOME10", cast.flask_course).by_line == (1850,)
    assert ask("ALL", cast.flask_course).by_line == (1900,)


@pytest.mark.parametrize("typed", [*TEXTS, "x" * 10_000, "A" * 41, "AB", "WELCOME10\0", "ＷＥＬＣＯＭＥ１０"])
def test_any_text_is_only_an_unknown_code(cast: Cast, typed: str) -> None:
    coupon()
    found = ask(typed, cast.flask_course)
    assert found.coupon is None
    if typed.strip():
        assert len(found.refusal or "") < 90
        assert "\0" not in (found.refusal or "")
