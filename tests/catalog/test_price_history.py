"""A sale is compared with the lowest price of the 30 days before it, and with nothing else."""

from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from domain.authoring import course_price
from domain.authoring.course_price import PriceInput
from domain.base import clock
from domain.catalog import cards, price_history, pricing
from models import Course, PriceChange, User, db
from tests.cast import START, Cast

DAY = timedelta(days=1)


# Days after publication, list price and sale price; at the end a sale runs, and what it is compared with.
@pytest.mark.parametrize(
    ("steps", "compared"),
    [
        ([(35, 1900, 1500)], 1900),
        ([(39, 2500, None), (39.1, 2500, 1950)], None),  # just raised: it cost 1900
        ([(5, 2500, None), (39, 2500, 2000)], 2500),  # 1900 was more than 30 days before
        ([(20, 2500, None), (39, 2500, 1800)], 1900),
        ([(20, 1900, 1500), (22, 1900, None), (35, 1900, 1500)], None),  # it cost as much two weeks before
        ([(1, 1900, 1500), (3, 1900, None), (39, 1900, 1500)], 1900),
        ([(30, 1900, 1800), (33, 1900, 1500)], 1800),  # a lower sale price is another sale
        ([(30, 1900, 1500), (33, 2500, 1500)], 1900),  # a higher list price isn't
        ([(35, 1900, 0)], 1900),
    ],
)
def test_what_a_sale_is_compared_with(
    app: Flask, cast: Cast, steps: list[tuple[float, int, int | None]], compared: int | None
) -> None:
    with app.app_context(), time_machine.travel(START, tick=False) as moment:
        for day, price, sale in steps:
            moment.move_to(START + day * DAY)
            set_price(cast, price, sale)
        course = db.session.get_one(Course, cast.flask_course.id)
        assert pricing.reference(course, clock.now()) == compared
        assert price_history.recount() == 0
        course.reference_price_cents = 1
        db.session.flush()
        assert price_history.recount() == 1
        assert course.reference_price_cents == compared
        (card,) = cards.cards_of([course.id])
        assert card.reference_cents == compared
        moment.shift(10 * DAY)  # the sale is over
        assert pricing.reference(course, clock.now()) is None
        assert cards.cards_of([course.id])[0].reference_cents is None
        assert price_history.recount() == 0


def set_price(cast: Cast, price: int, sale: int | None) -> None:
    """Set price and sale as the creator's form does; a sale is for five days."""
    course = db.session.get_one(Course, cast.flask_course.id)
    ends = clock.now() + 5 * DAY if sale is not None else None
    course_price.set_price(course, db.session.get_one(User, cast.ada.id), PriceInput(None, price, sale, ends))
    db.session.commit()


def test_the_history_is_what_was_asked(app: Flask, cast: Cast) -> None:
    with app.app_context(), time_machine.travel(START + 35 * DAY, tick=False) as moment:
        set_price(cast, 1900, 1500)
        begun, ends = clock.now(), clock.now() + 5 * DAY
        assert history(cast) == [(START, 1900), (begun, 1500), (ends, 1900)]
        moment.shift(DAY)
        set_price(cast, 2400, None)  # the sale is called off
        assert history(cast) == [(START, 1900), (begun, 1500), (clock.now(), 2400)]
        set_price(cast, 2400, None)
        assert len(history(cast)) == 3


def test_a_sale_that_an_import_came_with_counts(app: Flask, cast: Cast) -> None:
    with app.app_context(), time_machine.travel(START + 20 * DAY, tick=False):
        course = db.session.get_one(Course, cast.flask_course.id)
        course.sale_price_cents, course.sale_ends_at = 1500, START + 5 * DAY
        db.session.commit()
        set_price(cast, 1900, 1600)
        assert history(cast)[:3] == [(START, 1500), (START + 5 * DAY, 1900), (clock.now(), 1600)]
        assert pricing.reference(course, clock.now()) is None  # it cost less two weeks before


def test_a_draft_has_no_earlier_price(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course, nia = db.session.get_one(Course, cast.draft_course.id), db.session.get_one(User, cast.nia.id)
        ends = clock.now() + 5 * DAY
        for price, sale in ((5000, None), (4000, 900)):
            new = PriceInput(None, price, sale, ends if sale else None)
            course_price.set_price(course, nia, new)
        query = select(PriceChange.price_cents).where(PriceChange.product_id == course.id)
        assert db.session.scalars(query.order_by(PriceChange.applies_from)).all() == [900, 4000]
        assert course.reference_price_cents is None


def history(cast: Cast) -> list[tuple[datetime, int]]:
    query = select(PriceChange).where(PriceChange.product_id == cast.flask_course.id)
    rows = db.session.scalars(query.order_by(PriceChange.applies_from))
    return [(row.applies_from, row.price_cents) for row in rows]
