"""The shop's currency: chosen before the first order, and taken over by courses that are made or imported."""

import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, text, update

from domain import Refused
from domain.authoring import course_details, course_price
from domain.authoring.course_price import PriceInput
from domain.base import money, sql
from domain.catalog import currency
from domain.platform import settings
from domain.portable import InvalidCourse, importing
from models import (
    AccessGrant,
    Coupon,
    Document,
    Earning,
    Order,
    PlatformSettings,
    Product,
    Purchase,
    PurchaseShare,
    Tier,
    User,
    db,
)
from tests.cast import Cast, unguard_earnings
from tests.coupons.making import coupon

YEN, DINARS = ("jpy", "¥500 to ¥1,000"), ("kwd", "KWD\u00a05 to KWD\u00a010")


def forget_orders() -> None:
    unguard_earnings()
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("DROP TRIGGER IF EXISTS documents_kept"))
    for table in (Document, Earning, PurchaseShare, AccessGrant, Purchase, Order):
        db.session.execute(delete(table))


def sell_in(code: str) -> None:
    """As a shop that chose its currency when it was new."""
    db.session.execute(update(Product).values(currency=code, price_cents=0, tier=None))
    db.session.merge(PlatformSettings(id=1, currency=code))
    db.session.commit()
    settings.forget()


def run(app: Flask, code: str) -> str:
    return app.test_cli_runner().invoke(args=["set-currency", code]).output


def test_chosen_before_the_first_order(app: Flask, cast: Cast) -> None:
    assert "there are orders" in run(app, "eur")
    with app.app_context():
        forget_orders()
        db.session.commit()
    assert "isn’t the code of a currency" in run(app, "euros")
    assert "other minor units" in run(app, "jpy")
    assert "payments start at HUF\u00a0175.00" in run(app, "huf")
    assert "Courses are sold in EUR." in run(app, "EUR")
    with app.app_context():
        assert set(db.session.scalars(db.select(Product.currency))) == {"eur"}
        assert db.session.get_one(Product, cast.flask_course.id).price_cents == 1900
        db.session.execute(update(Product).values(price_cents=0, tier=None))
        db.session.commit()
    assert "Courses are sold in JPY." in run(app, "jpy")
    assert "this site sells in JPY" in app.test_cli_runner().invoke(args=["demo"]).output


@pytest.mark.parametrize(("code", "range_"), [YEN, DINARS])
def test_sizes_have_prices_of_the_currency(app: Flask, cast: Cast, code: str, range_: str) -> None:
    with app.test_request_context(method="POST"):
        sell_in(code)
        ada = db.session.get_one(User, cast.ada.id)
        made = course_details.create(ada, "Priced abroad", cast.web.id)
        assert made.currency == code
        fits = money.nominal(700, code)
        course_price.set_price(made, ada, PriceInput(Tier.QUICK_SKILL, fits, None, None))
        db.session.commit()
        assert course_price.tier_price(Tier.QUICK_SKILL, code) == range_
        assert course_price.highest(code) == money.parse("10000" if code == "kwd" else "1000000", code)


def folder(place: Path, price: int) -> Path:
    place.mkdir()
    lines = (
        'title = "Brought along"', 'category = "web"', 'tier = "quick_skill"', f"price_cents = {price}",
    )  # fmt: skip
    (place / "course.toml").write_text("\n".join(lines))
    (place / "1-one.md").write_text("# One\n\nText.")
    return place


@pytest.mark.parametrize(
    ("code", "range_"), [("jpy", "500 to 1000 JPY"), ("kwd", "5000 to 10000 thousandths of KWD")]
)
def test_imported_in_the_currency(app: Flask, cast: Cast, tmp_path: Path, code: str, range_: str) -> None:
    with app.test_request_context(method="POST"):
        sell_in(code)
        ada = db.session.get_one(User, cast.ada.id)
        outside = money.nominal(1100, code)
        with pytest.raises(InvalidCourse) as refused:
            importing.prepare_folder(folder(tmp_path / "a", outside), ada)
        said = " ".join(problem.sentence for problem in refused.value.problems)
        assert f"The tier quick_skill costs {range_}, not {outside}." in said
        fits = money.nominal(700, code)
        made = importing.prepare_folder(folder(tmp_path / "b", fits), ada)
        course = importing.write_or_undo(made, ada, "b")
        assert (course.currency, course.price_cents) == (code, fits)


def test_prices_that_stripe_refuses_are_not_imported(app: Flask, cast: Cast, tmp_path: Path) -> None:
    with app.test_request_context(method="POST"):
        sell_in("kwd")
        with pytest.raises(InvalidCourse) as refused:
            importing.prepare_folder(folder(tmp_path / "a", 7005), db.session.get_one(User, cast.ada.id))
        assert [str(problem) for problem in refused.value.problems] == [
            "course.toml, line 4: `price_cents` in KWD must be a multiple of 10."
        ]


def test_creators_see_an_example_in_the_currency(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        sell_in("jpy")
    page = app.test_client().get("/teach").text
    assert "¥2,000" in page
    assert "¥1,400" in page


def test_coupons_with_amounts_keep_the_minor_units(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        forget_orders()
        db.session.execute(update(Product).values(price_cents=0, tier=None))
        made = coupon(min_order_cents=2000)
        db.session.commit()
        assert "the amounts of coupons would change" in run(app, "jpy")
        db.session.execute(update(Coupon).where(Coupon.id == made.id).values(min_order_cents=0))
        db.session.commit()
    assert "Courses are sold in JPY." in run(app, "jpy")


@pytest.mark.postgresql
@pytest.mark.parametrize("is_held", [False, True])
def test_the_currency_does_not_change_while_an_order_is_opened(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, is_held: bool
) -> None:
    """Without the lock the first order is in the old currency, beside prices in the new one."""
    if not is_held:
        monkeypatch.setattr(sql, "shared", db.session.scalar)
    with app.test_request_context(method="POST"):
        forget_orders()
        db.session.commit()
    said: list[str] = []

    def change() -> None:
        with app.app_context():
            try:
                currency.change("eur", None)
                db.session.commit()
            except Refused as refusal:
                said.append(refusal.sentence)

    changing = threading.Thread(target=change)
    with app.test_request_context(method="POST"):
        currency.hold("usd")
        changing.start()
        changing.join(0.5 if is_held else 10)
        order = Order(
            number="LN-FIRST-0001", user_id=cast.cy.id, cart_key="cart", subtotal_cents=1900,
            total_cents=1900, currency="usd",
        )  # fmt: skip
        db.session.add(order)
        db.session.commit()
        changing.join(10)
        settings.forget()
        assert settings.current().currency == ("usd" if is_held else "eur")
    assert said == (["The currency can’t change any more: there are orders."] if is_held else [])
