"""A shop in yen and one in dinars: no page, file, mail or message to Stripe assumes two decimals."""

import json

import pytest
from sqlalchemy import update

from domain.coupons import amounts
from models import EmailMessage, PlatformSettings, Product
from tests.cast import Cast
from tests.checkout.shop import Shop

YEN = ("jpy", "2,505", 2505, "¥2,505", "2505", "under-1000")
DINARS = ("kwd", "25.05", 25050, "KWD\u00a025.050", "25.050", "under-10")


@pytest.mark.parametrize(("currency", "typed", "cents", "shown", "plain", "facet"), [YEN, DINARS])
def test_a_course_is_priced_found_bought_and_settled_in_its_currency(
    shop: Shop, cast: Cast, currency: str, typed: str, cents: int, shown: str, plain: str, facet: str
) -> None:
    with shop.database() as db:
        db.execute(update(Product).values(currency=currency, price_cents=0, tier=None))
        db.execute(update(PlatformSettings).values(currency=currency))
    ada, cy = shop.signed_in(cast.ada), shop.signed_in(cast.cy)
    where = f"/studio/courses/{cast.flask_course.id}/pricing"
    form = {"tier": "", "price": typed, "sale_price": "", "sale_ends": ""}
    assert ada.post(where, data=form).status_code == 303
    assert f'value="{plain}"' in ada.get(where).text
    page = cy.get("/courses/flask-first-steps").text
    assert shown in page
    data = json.loads(page.split('application/ld+json">')[1].split("</script>")[0])
    offer = data[0]["offers"]
    assert (offer["price"], offer["priceCurrency"]) == (plain, currency.upper())
    found = cy.get(f"/courses?price={facet}").text
    assert "flask-first-steps" not in found
    assert "$" not in found.split("<main")[1].split("</main")[0]
    session_id = shop.buy(cy, cast.flask_course)
    assert shop.stripe.get("checkout.session", session_id)["amount_total"] == cents
    shop.hear()
    (purchase,) = shop.order(session_id).purchases
    fee = amounts.fee(cents, 0, 30, None)
    assert (purchase.platform_fee_cents, purchase.creator_amount_cents) == (fee, cents - fee)
    with shop.database() as db:
        mail = db.query(EmailMessage).filter_by(user_id=cast.cy.id, template="receipt").one()
        assert mail.data["total_cents"] == cents
    assert shown in cy.get(f"/orders/{shop.order(session_id).number}").text
    sold = ada.get("/studio/earnings.csv").text
    assert plain in sold
