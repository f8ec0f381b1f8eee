"""The faults anew, with a cart of a bundle, a course, a gift, a coupon and tax; numbered as in the list."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, select, update

import jobs
import mail
import payments
from domain.ledger import order_lock
from domain.refunds import booking
from models import (
    CartItem,
    Order,
    OrderStatus,
    Product,
    Purchase,
    PurchaseStatus,
    RefundStatus,
    StripeEvent,
    db,
)
from tests.cast import Cast
from tests.checkout.full_cart import BOUGHT, FRIEND, REVIEW, UNPAID, FullCart, fill
from tests.checkout.shop import Shop, at_once
from tests.checkout.test_faults import COMPLETED, bad_posts, later, set_secrets

__all__ = ["later"]


@pytest.fixture
def cart(shop: Shop, cast: Cast) -> FullCart:
    """Cy's cart: 20.00, 19.00 and 9.99, each less 10 %, with 19 % tax inside."""
    return fill(shop, cast)


def lines_of(shop: Shop, session_id: str) -> dict[str, Purchase]:
    """The lines of a session's order, by title."""
    return {line.product_snapshot["title"]: line for line in shop.order(session_id).purchases}


def test_the_cart_is_charged_by_line_with_the_code_in_its_name(shop: Shop, cart: FullCart) -> None:
    session_id = cart.buy()
    items = {item["description"]: item["amount_total"] for item in shop.stripe.lines(session_id)}
    assert sorted(items.values()) == [899, 1710, 1800]
    assert all("Spring sale" in name for name in items)
    shop.hear()
    assert cart.effects() == BOUGHT
    order = shop.order(session_id)
    assert (order.subtotal_cents, order.discount_cents, order.total_cents) == (4899, 490, 4409)
    assert order.tax_cents == sum(line.tax_cents for line in order.purchases) == 704
    assert (order.payment_method, order.payment_last4) == ("visa", "4242")
    for line in order.purchases:
        assert line.amount_cents + line.tax_cents == items_of(shop, session_id)[str(line.id)]
        assert sum(share.amount_cents for share in line.shares) == line.amount_cents
    assert cart.gift_mails() == 1


def test_the_review_shows_each_line(shop: Shop, cart: FullCart) -> None:
    page = cart.browser().get(REVIEW).text
    for words in ("Web bundle", "Flask, first steps", "A present", FRIEND, "Pay $44.09", "−$4.90", "$7.04"):
        assert words in page, words


def items_of(shop: Shop, session_id: str) -> dict[str, int]:
    """What Stripe charged, by our lines."""
    return {item["metadata"]["line"]: item["amount_total"] for item in shop.stripe.lines(session_id)}


def test_fault_01_completed_delivered_five_times_at_once(shop: Shop, cart: FullCart) -> None:
    cart.buy()
    event = shop.stripe.last_event(COMPLETED)["id"]
    assert shop.stripe.deliver(event, times=5, parallel=True) == [204] * 5
    at_once(*[shop.work] * 3)
    assert cart.effects() == BOUGHT
    assert shop.events() == 1
    assert cart.gift_mails() == 1


def test_fault_02_webhook_and_success_page_at_once(shop: Shop, cart: FullCart) -> None:
    browser = cart.browser()
    session_id = cart.buy(browser=browser)
    shop.stripe.deliver_all(COMPLETED)
    page, _ = at_once(partial(shop.back, browser, session_id), shop.work)
    assert page.status_code == 200
    shop.work()
    assert cart.effects() == BOUGHT


def test_fault_03_the_buyer_returns_before_any_webhook(shop: Shop, cart: FullCart) -> None:
    browser = cart.browser()
    session_id = cart.buy(browser=browser)
    page = shop.back(browser, session_id).text
    assert "“Web bundle” and 1 more are yours, and your gift is paid<" in page
    assert "We email a gift’s link" in page
    shop.hear()
    assert cart.effects() == BOUGHT


def test_fault_04_the_buyer_never_returns(shop: Shop, cart: FullCart) -> None:
    session_id = cart.buy()
    shop.hear()
    assert cart.effects() == BOUGHT
    assert shop.order(session_id).status == OrderStatus.COMPLETED


def test_fault_05_the_webhook_was_down_for_three_days(
    shop: Shop, cart: FullCart, later: Callable[[timedelta], None]
) -> None:
    session_id = cart.buy()
    left = shop.open(shop.signed_in(cart.cast.nia), cart.cast.flask_course)
    assert cart.reserved() == 2
    shop.stripe.clock.advance(days=3)
    later(timedelta(days=3))
    with shop.database():
        jobs.enqueue("sweep_payments")
        jobs.enqueue("list_stripe_events")
    shop.work()
    assert cart.effects() == BOUGHT
    assert (shop.order(session_id).status, shop.order(left).status) == (
        OrderStatus.COMPLETED,
        OrderStatus.CANCELLED,
    )
    assert cart.reserved() == 0
    shop.hear(COMPLETED, "checkout.session.expired")
    assert cart.effects() == BOUGHT


@pytest.mark.parametrize("place", ["receipt", "gift_arrived"])
def test_fault_06_the_handler_crashes_after_the_grants(
    shop: Shop, cart: FullCart, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    cart.buy()
    event = shop.stripe.last_event(COMPLETED)["id"]
    real, crashes = getattr(mail, place), iter([True])

    def crash_once(*args: Any, **more: Any) -> Any:
        if next(crashes, False):
            raise RuntimeError("the lights went out")
        return real(*args, **more)

    monkeypatch.setattr(mail, place, crash_once)
    shop.stripe.deliver(event)
    shop.work()
    if place == "receipt":
        assert cart.effects() == UNPAID
        assert cart.reserved() == 1
    shop.stripe.deliver(event)
    shop.work()
    with shop.database():
        jobs.enqueue("mail_gifts")
    shop.work()
    assert cart.effects() == BOUGHT
    assert cart.gift_mails() == 1


def test_fault_07_a_failed_event_is_no_duplicate(shop: Shop, cart: FullCart) -> None:
    cart.buy()
    event = shop.stripe.last_event(COMPLETED)["id"]
    shop.stripe.fault("503", "GET /v1/checkout/sessions/*", times=3)
    shop.stripe.deliver(event)
    shop.work()
    assert cart.effects() == UNPAID
    shop.stripe.deliver(event)
    shop.work()
    assert cart.effects() == BOUGHT
    with shop.database() as db:
        assert db.get(StripeEvent, event).attempts == 2


def test_fault_08_a_slow_payment_arrives_days_later(
    shop: Shop, cart: FullCart, later: Callable[[timedelta], None]
) -> None:
    session_id = cart.buy("later_succeeds")
    shop.hear()
    assert {**cart.effects(), "left": 3} == UNPAID
    assert shop.order(session_id).confirming_since is not None
    assert cart.reserved() == 1
    later(timedelta(days=3))
    shop.stripe.clock.advance(days=3)
    with shop.database():
        jobs.enqueue("sweep_payments")
    shop.hear()
    assert cart.effects() == BOUGHT


def test_fault_10_a_slow_payment_fails(shop: Shop, cart: FullCart) -> None:
    session_id = cart.buy("later_fails")
    shop.hear()
    shop.stripe.settle(session_id, ok=False)
    shop.hear()
    assert cart.effects() == UNPAID
    assert shop.order(session_id).status == OrderStatus.FAILED
    assert cart.reserved() == 0
    assert cart.gift_mails() == 0
    assert cart.buy() != session_id
    shop.hear()
    assert cart.effects() == BOUGHT


def test_fault_11_everything_is_free_with_the_code(shop: Shop, cast: Cast) -> None:
    """No gifts among them: nobody gives away what costs nothing."""
    cart = fill(shop, cast, percent=100)
    with shop.database() as db:
        db.execute(delete(CartItem).where(CartItem.recipient_email.is_not(None)))
    session_id = cart.buy()
    assert shop.stripe.get("checkout.session", session_id)["payment_intent"] is None
    shop.hear()
    effects = cart.effects()
    assert (effects["purchases"], effects["grants"], effects["earnings"]) == (2, 3, 0)
    assert (effects["documents"], effects["consumed"]) == (1, 1)
    order = shop.order(session_id)
    assert (order.status, order.total_cents, order.tax_cents) == (OrderStatus.COMPLETED, 0, 0)


@pytest.mark.parametrize(("currency", "price"), [("jpy", 1505), ("kwd", 15050)])
def test_fault_13_a_cart_in_a_currency_without_cents(
    shop: Shop, cast: Cast, currency: str, price: int
) -> None:
    cart = fill(shop, cast, currency=currency, price=price, percent=15)
    session_id = cart.buy()
    shop.hear()
    assert cart.effects() == BOUGHT
    order = shop.order(session_id)
    assert order.total_cents == shop.stripe.get("checkout.session", session_id)["amount_total"]
    for line in order.purchases:
        assert sum(share.amount_cents for share in line.shares) == line.amount_cents
        assert line.amount_cents + line.tax_cents == items_of(shop, session_id)[str(line.id)]


def test_fault_14_prices_rise_while_the_session_is_open(shop: Shop, cart: FullCart) -> None:
    session_id = cart.open()
    with shop.database() as db:
        db.execute(update(Product).values(price_cents=9900, tier=None))
    shop.stripe.pay(session_id)
    shop.hear()
    assert cart.effects() == BOUGHT
    assert shop.order(session_id).total_cents == 4409


@pytest.mark.parametrize(
    "change",
    [{"subtotal_cents": 590, "total_cents": 100}, {"currency": "eur"}, {"line": 1}],
    ids=["total", "currency", "line"],
)
def test_fault_15_session_and_order_disagree(shop: Shop, cart: FullCart, change: dict[str, Any]) -> None:
    session_id = cart.open()
    shop.falsified = True
    lines = lines_of(shop, session_id)
    with shop.database() as db:
        if "line" in change:  # a cent from one line to another: the total is right
            for title, cents in (("A present", 1), ("Flask, first steps", -1)):
                values = {"amount_cents": lines[title].amount_cents + cents}
                db.execute(update(Purchase).where(Purchase.id == lines[title].id).values(values))
        else:
            db.execute(update(Order).where(Order.stripe_session_id == session_id).values(change))
    shop.stripe.pay(session_id)
    shop.hear()
    shop.hear()
    assert cart.effects() == UNPAID
    order = shop.order(session_id)
    assert order.status == OrderStatus.PENDING
    assert order.problem is not None
    assert len(shop.alerts()) == 1


def test_fault_16_fifty_checkouts_of_one_cart_open_one_session(shop: Shop, cart: FullCart) -> None:
    tabs = [cart.browser() for _ in range(50)]
    answers = at_once(*[partial(cart.press_pay, tab) for tab in tabs])
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    # Who waits too long for a lock of the database is told to try again.
    assert {answer.status_code for answer in answers} <= {303, 503}
    assert len({shop.session_in(answer) for answer in answers if answer.status_code == 303}) == 1
    assert len(shop.stripe.all("checkout.session")) == 1
    assert shop.count(Order, Order.user_id == cart.buyer.id) == 1
    assert len([one for one in shop.stripe.all("customer") if not one.get("deleted")]) == 1
    assert cart.reserved() == 1


def two_orders(shop: Shop, cart: FullCart) -> tuple[str, str]:
    """Two orders of the same cart, of which nobody knows that the first can still be paid."""
    first = cart.open()
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == first).values(status="cancelled"))
    return first, cart.open()


def test_fault_17_two_orders_of_one_cart_are_both_paid(shop: Shop, cart: FullCart) -> None:
    first, second = two_orders(shop, cart)
    for session_id in (first, second):
        shop.stripe.pay(session_id)
    shop.hear()
    shop.hear()
    assert shop.order(first).status == OrderStatus.COMPLETED
    assert shop.order(second).status == OrderStatus.REFUNDED
    assert {**cart.effects(), "receipts": 1} == BOUGHT
    (refund,) = shop.refunds()
    assert (refund.amount_cents, refund.status) == (4409, RefundStatus.SUCCEEDED)
    assert cart.gift_mails() == 1
    assert shop.alerts()


def test_a_gift_is_not_given_again_by_another_order_of_its_cart(shop: Shop, cart: FullCart) -> None:
    """Another gift of the same course, which the friend has none of, is."""
    first = cart.open()
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == first).values(status="cancelled"))
        item = db.scalars(select(CartItem).where(CartItem.recipient_email.is_not(None))).one()
        again = {"cart_id": item.cart_id, "product_id": item.product_id, "price_cents": 1}
        db.add(CartItem(**again, recipient_email="li@example.com"))
    browser = cart.browser()
    second = cart.open(browser)
    for session_id in (first, second):
        shop.stripe.pay(session_id)
        shop.hear()
    page = shop.back(browser, second).text
    assert "Thank you. Your gift of “A present” is paid<" in page
    assert "You’d already given “A present” in another order. $8.99 goes back" in page
    states = [line.status for line in shop.order(second).purchases if line.is_gift]
    assert sorted(states) == [PurchaseStatus.COMPLETED, PurchaseStatus.FAILED]
    assert (shop.order(second).status, cart.gift_mails()) == (OrderStatus.COMPLETED, 1)
    assert sorted(one.amount_cents for one in shop.refunds()) == [899, 1710, 1800]
    assert len(shop.alerts()) == 4  # the late payment of the first, and three lines that came twice
    assert len(shop.mails("gift_arrived")) == 2


def test_a_failed_refund_does_not_bring_back_a_gift_that_was_given_anew(shop: Shop, cart: FullCart) -> None:
    first, second = two_orders(shop, cart)
    shop.stripe.pay(first)
    shop.hear()

    def change(verb: Callable[[Purchase], Any]) -> Any:
        with shop.app.test_request_context(method="POST"):
            order = order_lock.lock(shop.order(first).id)
            done = verb(next(line for line in order.purchases if line.is_gift))
            db.session.commit()
            return done

    shop.falsified = True  # withdrawn without a refund
    change(booking.withdraw_line)
    shop.stripe.pay(second)
    shop.hear()
    assert lines_of(shop, second)["A present"].status == PurchaseStatus.COMPLETED
    assert change(booking.restore_line) is False
    assert lines_of(shop, first)["A present"].status == PurchaseStatus.REFUNDED


def test_fault_17_two_sessions_of_one_order_are_both_paid(shop: Shop, cart: FullCart) -> None:
    first = cart.open()
    forget = {"stripe_session_id": None, "attempt": 2}
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == first).values(forget))
    second = cart.open()
    shop.stripe.pay(second)
    shop.stripe.pay(first)
    shop.hear()
    shop.hear()
    assert cart.effects() == BOUGHT
    (refund,) = shop.refunds()
    assert (refund.amount_cents, refund.status) == (4409, RefundStatus.SUCCEEDED)
    assert len(shop.alerts()) == 1
    assert cart.gift_mails() == 1


def test_fault_18_the_answer_to_opening_a_session_is_lost(shop: Shop, cart: FullCart) -> None:
    shop.stripe.fault("execute_then_drop", "POST /v1/checkout/sessions")
    shop.stripe.fault("execute_then_drop", "POST /v1/customers")
    session_id = cart.open()
    assert [one["id"] for one in shop.stripe.all("checkout.session")] == [session_id]
    assert len(shop.stripe.all("customer")) == 1


@pytest.mark.parametrize("call", ["POST /v1/checkout/sessions", "POST /v1/customers"])
def test_fault_18_a_failure_kept_under_the_key_does_not_lock_the_buyer_out(
    shop: Shop, cart: FullCart, call: str
) -> None:
    shop.stripe.fault("execute_then_500", call)
    session_id = cart.open()
    shop.stripe.pay(session_id)
    shop.hear()
    assert cart.effects() == BOUGHT
    assert len(shop.stripe.all("customer")) == 1


def test_fault_22_another_person_opens_the_success_page(shop: Shop, cart: FullCart) -> None:
    session_id = cart.buy()
    answer = shop.back(shop.signed_in(cart.cast.nia), session_id)
    assert answer.status_code == 404
    assert "Web bundle" not in answer.text
    assert cart.effects() == UNPAID


def test_fault_23_whatever_stripe_did_not_sign_is_refused(shop: Shop, cart: FullCart) -> None:
    cart.buy()
    statuses = {name: shop.post(*post) for name, post in bad_posts(shop).items()}
    assert statuses == dict.fromkeys(statuses, 400)
    shop.work()
    assert cart.effects() == UNPAID
    assert shop.events() == 0


def test_fault_24_both_secrets_work_while_they_are_rolled(shop: Shop, cart: FullCart) -> None:
    cart.buy()
    event = shop.stripe.last_event(COMPLETED)["id"]
    set_secrets(shop, ("whsec_new", "whsec_tests"))
    for secrets in (["whsec_tests"], ["whsec_new"]):
        shop.stripe.secrets = secrets
        assert shop.post(*shop.stripe.signed(event)) == 204
    shop.work()
    assert cart.effects() == BOUGHT


def test_fault_25_what_is_not_ours_changes_nothing(shop: Shop, cart: FullCart) -> None:
    session_id = cart.buy()
    event = shop.stripe.last_event(COMPLETED)
    customer = {"id": shop.order(session_id).id.hex, "object": "customer", "deleted": True}
    posts = [
        {**event, "id": "evt_gone", "type": "customer.deleted", "data": {"object": customer}},
        {**event, "id": "evt_unknown", "type": "moon.landed", "data": {"object": {"id": "moon_1"}}},
        {**event, "id": "evt_live", "livemode": True},
    ]
    assert {shop.post(*shop.stripe.signed(body)) for body in posts} == {204}
    shop.work()
    assert cart.effects() == UNPAID
    shop.hear()
    assert cart.effects() == BOUGHT


@pytest.mark.parametrize("first", ["course", "cart"])
def test_a_course_of_the_cart_is_bought_in_a_second_tab(shop: Shop, cart: FullCart, first: str) -> None:
    """Whichever payment comes in second sends its price back, and nothing else of its order."""
    browser = cart.browser()
    whole = cart.open(browser)
    single = shop.open(cart.browser(), cart.cast.flask_course)
    order_of_payment = [single, whole] if first == "course" else [whole, single]
    for session_id in order_of_payment:
        shop.stripe.pay(session_id)
        shop.hear()
    shop.hear()
    (refund,) = shop.refunds()
    assert (refund.amount_cents, refund.status) == (1710, RefundStatus.SUCCEEDED)
    assert cart.effects()["grants"] == 3
    assert shop.order(whole).status == OrderStatus.COMPLETED
    assert len(shop.alerts()) == 1
    state = lines_of(shop, whole)["Flask, first steps"].status
    assert state == (PurchaseStatus.FAILED if first == "course" else PurchaseStatus.COMPLETED)
    page = shop.back(browser, whole).text
    order_page = browser.get(f"/orders/{shop.order(whole).number}").text
    if first == "cart":
        assert "“Web bundle” and 1 more are yours, and your gift is paid<" in page
    else:
        assert "“Web bundle” is yours, and your gift is paid<" in page
        for shown in (page, order_page):
            assert "You already own “Flask, first steps”. $17.10 goes back the way you paid." in shown
    assert "You paid for this order twice" not in order_page


def test_a_course_inside_the_bundle_is_bought_in_a_second_tab(shop: Shop, cart: FullCart) -> None:
    """The bundle was sold at its price and is delivered: its course is theirs for two reasons."""
    whole = cart.open()
    single = shop.open(cart.browser(), cart.course("inside"))
    shop.stripe.pay(single)
    shop.hear()
    shop.stripe.pay(whole)
    shop.hear()
    assert lines_of(shop, whole)["Web bundle"].status == PurchaseStatus.COMPLETED
    assert cart.effects()["grants"] == 4


def test_a_payment_for_a_closed_order_ends_in_access(shop: Shop, cart: FullCart) -> None:
    """Its use of the coupon was given back, and is still there."""
    session_id = cart.open()
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == session_id).values(status="cancelled"))
        jobs.enqueue("release_coupons")
    shop.work()
    shop.stripe.pay(session_id)
    shop.hear()
    assert cart.effects() == BOUGHT
    assert shop.refunds() == []
    assert len(shop.alerts()) == 1


@pytest.mark.parametrize(("included", "total", "tax"), [(True, 4409, 735), (False, 5291, 882)])
def test_stripe_s_tax_is_taken_over_by_line(
    shop: Shop, cast: Cast, included: bool, total: int, tax: int
) -> None:
    """20 % of France, in or on 18.00, 17.10 and 8.99."""
    cart = fill(shop, cast, tax_mode="stripe", prices_include_tax=included)
    session_id = cart.open()
    shop.stripe.pay(session_id, "4000002760000016", country="FR")
    shop.hear()
    assert cart.effects() == BOUGHT
    order = shop.order(session_id)
    assert (order.total_cents, order.tax_cents, order.problem) == (total, tax, None)
    assert {line.tax_rate_bp for line in order.purchases} == {2000}
    assert order.details is not None
    assert (order.details["billing_country"], order.details["card_country"]) == ("FR", "DE")
    for line in order.purchases:
        assert sum(share.amount_cents for share in line.shares) == line.amount_cents
        assert line.amount_cents + line.tax_cents == items_of(shop, session_id)[str(line.id)]


@pytest.mark.parametrize("included", [True, False])
def test_a_line_that_cannot_be_delivered_goes_back_with_stripe_s_tax(
    shop: Shop, cast: Cast, included: bool
) -> None:
    cart = fill(shop, cast, tax_mode="stripe", prices_include_tax=included)
    whole = cart.open()
    single = shop.open(cart.browser(), cast.flask_course)
    shop.stripe.pay(single, country="DE")
    shop.hear()
    shop.stripe.pay(whole, country="DE")
    shop.hear()
    shop.hear()
    (refund,) = shop.refunds()
    assert (refund.amount_cents, refund.status) == (1710 if included else 2035, RefundStatus.SUCCEEDED)
    assert shop.order(whole).status == OrderStatus.COMPLETED


def test_a_customer_that_was_deleted_at_stripe_costs_one_attempt(shop: Shop, cart: FullCart) -> None:
    first = cart.open()
    shop.stripe.expire(first)
    shop.hear()
    with shop.app.app_context():
        customer = shop.stripe.get("checkout.session", first)["customer"]
        assert payments.delete_customer(customer)
    session_id = cart.buy()
    assert shop.stripe.get("checkout.session", session_id)["customer"] != customer
    shop.hear()
    assert cart.effects() == BOUGHT


def test_cart_and_second_tab_are_settled_at_once(shop: Shop, cart: FullCart) -> None:
    """Two workers, two orders, one course: whoever is second sends the price of the course back."""
    whole = cart.open()
    single = shop.open(cart.browser(), cart.cast.flask_course)
    shop.stripe.pay(whole)
    shop.stripe.pay(single)
    shop.stripe.deliver_all(COMPLETED)
    at_once(shop.work, shop.work)
    shop.hear()
    shop.work()
    (refund,) = shop.refunds()
    assert (refund.amount_cents, refund.status) == (1710, RefundStatus.SUCCEEDED)
    assert cart.effects()["grants"] == 3
    assert {shop.order(whole).status, shop.order(single).status} <= {
        OrderStatus.COMPLETED,
        OrderStatus.REFUNDED,
    }
