"""A gift at the till: paid once by the giver, invoiced to them, and claimed by somebody else."""

from urllib.parse import urlsplit

from sqlalchemy import select

from models import AccessGrant, Document, Earning, GrantSource, OrderStatus, PurchaseShare, db
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.checkout.shop import Shop
from tests.checkout.test_cart_checkout import for_sale, pay

ZOE = "zoe@example.com"
GIVE = "/gifts/flask-first-steps"


def test_from_the_form_to_the_receivers_lessons(shop: Shop, cast: Cast) -> None:
    bo, cy = shop.signed_in(cast.bo), shop.signed_in(cast.cy)
    for recipient in (ZOE, "yan@example.com"):  # the same course twice, which bo owns himself
        assert bo.post(GIVE, data={"recipient": recipient, "message": "Viel Spaß"}).status_code == 303
    session_id = pay(shop, bo, 3800)
    shop.stripe.pay(session_id)
    page = shop.back(bo, session_id).text
    shop.hear()
    assert "Thank you. Your 2 gifts are paid<" in page
    assert "Start now" not in page
    assert "See your gift" in page
    assert "Start learning" not in page
    order = shop.order(session_id)
    assert order.status == OrderStatus.COMPLETED
    assert [(line.is_gift, line.owner_id) for line in order.purchases] == [(True, None)] * 2
    shares = select(PurchaseShare.id).where(PurchaseShare.purchase_id.in_(p.id for p in order.purchases))
    assert shop.count(Earning, Earning.share_id.in_(shares)) == 2
    assert shop.count(Document, Document.order_id == order.id) == 1
    assert "ZOE" not in bo.get("/cart").text.upper()
    links = [message.data["url"] for message in shop.mails("gift_arrived")]
    assert len(set(links)) == 2
    assert cy.post(urlsplit(links[0]).path).status_code == 303
    with shop.database():
        granted = select(AccessGrant.source).where(AccessGrant.user_id == cast.cy.id)
        assert list(db.session.scalars(granted)) == [GrantSource.GIFT]
    order_page = bo.get(f"/orders/{order.number}").text
    assert "See the gift" in order_page
    assert "Gift for <bdi>zoe@example.com" in order_page


def test_a_single_gift_is_on_its_way_and_not_the_givers(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    cy.post(GIVE, data={"recipient": ZOE})
    session_id = pay(shop, cy, 1900)
    shop.stripe.pay(session_id)
    page = shop.back(cy, session_id).text
    assert "Your gift of “Flask, first steps” is paid<" in page
    assert "yours" not in page
    assert cy.get("/learn/flask-first-steps").status_code == 403
    (receipt,) = shop.mails("receipt")
    assert receipt.data["lines"][0]["label"] == "See your gift"


def test_what_a_guest_typed_is_looked_at_again_when_it_is_paid_for(shop: Shop, cast: Cast) -> None:
    cy = shop.app.test_client()
    cy.post(GIVE, data={"recipient": cast.cy.email})
    cy.post("/login", data={"email": cast.cy.email, "password": "a long enough password"})
    refused = cy.post("/checkout/review", data={"product": "cart", "seen_total": "1900"})
    assert refused.status_code == 422
    assert "goes to your own address" in refused.text
    assert shop.creates() == []


def test_a_bundle_is_given_whole_and_only_passed_on(shop: Shop, cast: Cast) -> None:
    """Its price is the whole price, also for a giver who owns one of its courses."""
    for_sale(shop, cast.free_course)
    with shop.database():
        bundle = make_bundle(cast, slug="web-bundle", price=3000)
        two = make_course(cast, "Something else")
        assert two.creator_id == bundle.creator_id
    bo, cy = shop.signed_in(cast.bo), shop.signed_in(cast.cy)
    assert "Give as a gift" in bo.get("/bundles/web-bundle").text
    for recipient in (ZOE, "yan@example.com"):
        assert bo.post("/gifts/web-bundle", data={"recipient": recipient}).status_code == 303
    session_id = pay(shop, bo, 6000)
    shop.stripe.pay(session_id)
    shop.back(bo, session_id)
    shop.hear()
    first, second = (urlsplit(message.data["url"]).path for message in shop.mails("gift_arrived"))
    assert cy.post(first).status_code == 303
    granted = (AccessGrant.user_id == cast.cy.id, AccessGrant.source == GrantSource.GIFT)
    assert shop.count(AccessGrant, *granted) == 2
    page = cy.get(second).text
    assert "Pass it on" in page
    assert "Exchange" not in page
    assert cy.post(second).status_code == 422
    assert cy.post(f"{second}/pass-on", data={"recipient": "xi@example.com"}).status_code == 303
