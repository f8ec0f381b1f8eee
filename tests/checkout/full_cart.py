"""A shop with tax and a coupon, and somebody whose cart holds a bundle, a course and a gift."""

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from domain.base import clock
from domain.cart import carts
from domain.platform import settings
from models import (
    AccessGrant,
    BillingDetails,
    CartItem,
    CouponRedemption,
    Course,
    Document,
    Earning,
    EmailMessage,
    Gift,
    Order,
    PlatformSettings,
    Product,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    RedemptionState,
    User,
)
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.checkout.shop import Shop
from tests.coupons.making import coupon

REVIEW = "/checkout/review"
FRIEND = "kim@example.com"
# A bundle of two courses, a course and a gift: what having bought them consists of. A gift opens nothing yet.
BOUGHT = {
    "purchases": 3, "shares": 4, "earnings": 4, "grants": 3, "gifts": 1, "receipts": 1, "documents": 1,
    "consumed": 1, "left": 0,
}  # fmt: skip
UNPAID = {**dict.fromkeys(BOUGHT, 0), "left": 3}


@dataclass
class FullCart:
    """The cart of `buyer`, and what is in it, by the ids of products."""

    shop: Shop
    buyer: User
    cast: Cast
    products: dict[str, Any] = field(default_factory=dict)

    def browser(self) -> FlaskClient:
        """A browser in which the buyer is signed in."""
        return self.shop.signed_in(self.buyer)

    def press_pay(self, browser: FlaskClient | None = None) -> TestResponse:
        """Press *Pay* on the review page."""
        return (browser or self.browser()).post(REVIEW, data={"product": "cart"})

    def open(self, browser: FlaskClient | None = None) -> str:
        """Press *Pay* and arrive at Stripe; the id of the session."""
        answer = self.press_pay(browser)
        assert answer.status_code == 303, answer.text
        return self.shop.session_in(answer)

    def buy(self, how: str = "card", browser: FlaskClient | None = None) -> str:
        """Go all the way to having paid, without coming back."""
        session_id = self.open(browser)
        self.shop.stripe.pay(session_id, how)
        return session_id

    def course(self, name: str) -> Course:
        """One of the courses, loaded and detached."""
        with self.shop.database() as db:
            row: Course = db.get_one(Course, self.products[name])
            db.expunge_all()
            return row

    def effects(self) -> dict[str, int]:
        """What having bought the cart consists of, counted."""
        mine = (Purchase.user_id == self.buyer.id, Purchase.status == PurchaseStatus.COMPLETED)
        lines = select(Purchase.id).where(*mine)
        shares = select(PurchaseShare.id).where(PurchaseShare.purchase_id.in_(lines))
        orders = select(Order.id).where(Order.user_id == self.buyer.id)
        count = self.shop.count
        return {
            "purchases": count(Purchase, *mine),
            "shares": count(PurchaseShare, PurchaseShare.id.in_(shares)),
            "earnings": count(Earning, Earning.share_id.in_(shares)),
            "grants": count(AccessGrant, AccessGrant.user_id == self.buyer.id),
            "gifts": count(Gift, Gift.sent_at.is_not(None), Gift.purchase_id.in_(lines)),
            "receipts": len(self.shop.mails("receipt", self.buyer)),
            "documents": count(Document, Document.order_id.in_(orders)),
            "consumed": count(CouponRedemption, CouponRedemption.state == RedemptionState.CONSUMED),
            "left": count(CartItem, CartItem.removed_at.is_(None)),
        }

    def reserved(self) -> int:
        """How many uses of the coupon are held."""
        return self.shop.count(CouponRedemption, CouponRedemption.state == RedemptionState.RESERVED)

    def gift_mails(self) -> int:
        """How many mails went to the friend."""
        return self.shop.count(EmailMessage, EmailMessage.recipient == FRIEND)


def fill(shop: Shop, cast: Cast, **terms: Any) -> FullCart:
    """Put up the shop: 19 % tax in the prices, 10 % off everything; and fill Cy's cart.

    `terms` are further settings, or `percent` off and `price` of what is sold.
    """
    percent, price = terms.pop("percent", 10), terms.pop("price", 0)
    full = FullCart(shop, cast.cy, cast)
    with shop.database() as db:
        inside = [make_course(cast, f"Inside {name}", price or 1200) for name in ("one", "two")]
        bundle = make_bundle(cast, [course.id for course in inside], price=price or 2000)
        present = make_course(cast, "A present", price or 999)
        if price:
            dearer = {"price_cents": price, "tier": None}
            db.execute(update(Product).where(Product.id == cast.flask_course.id).values(dearer))
        if percent:
            coupon(None, value=percent, max_uses=20)
        _tax(db, [cast.cy, cast.nia], terms)
        cart = carts.open_for(db.get_one(User, cast.cy.id))
        for product_id, recipient in (
            (bundle.id, None),
            (cast.flask_course.id, None),
            (present.id, FRIEND),
        ):
            line = CartItem(
                cart_id=cart.id, product_id=product_id, price_cents=1, recipient_email=recipient,
                message="Enjoy it." if recipient else None,
            )  # fmt: skip
            db.add(line)
        full.products = {
            "bundle": bundle.id, "flask": cast.flask_course.id, "present": present.id, "inside": inside[0].id,
        }  # fmt: skip
        cart.changed_at = clock.now()
    with shop.app.app_context():
        settings.forget()
    return full


def _tax(db: Any, buyers: list[User], terms: dict[str, Any]) -> None:
    values = {"tax_mode": "own", "tax_rates": {"DE": 1900}, "seller_country": "DE", "seller_name": "Shop"}
    site = db.get_one(PlatformSettings, 1)
    for name, value in (values | terms).items():
        setattr(site, name, value)
    db.execute(update(Product).values(currency=site.currency))
    for buyer in buyers:
        db.add(BillingDetails(user_id=buyer.id, name=buyer.name, country="DE", city="Berlin"))
