"""The hosted page and the control page, as a browser without JavaScript sees them."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser
from stripe import StripeClient

from stripe_sandbox.serving import loopback_server
from stripe_sandbox.settings import UnsafeSettingsError
from stripe_sandbox.testing import RunningSandbox
from tests.accessibility import look_every_way

from .conftest import CANCEL, SUCCESS, buy, checkout, client_of

CARD = {
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Ada",
    "email": "ada@example.com",
}


def submit(url: str, **fields: str) -> requests.Response:
    """Post a form and stay where the answer leads."""
    return requests.post(url, data=fields, allow_redirects=False, timeout=15)


def test_the_page_says_what_it_is_and_what_is_paid(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout(4900, customer_email="ada@example.com"))
    page = requests.get(session.url, timeout=5)
    for text in ("Sandbox", "no real money", "Practical SQL", "$49.00", "ada@example.com", CANCEL):
        assert text in page.text
    assert not re.search(r"<script|<style|style=|\son\w+=", page.text)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:5999;" in policy
    assert requests.get(f"{sandbox.url}/_sandbox/static/sandbox.css", timeout=5).status_code == 200


def test_what_the_shop_calls_its_goods_is_text(sandbox: RunningSandbox, client: StripeClient) -> None:
    lines = checkout()["line_items"]
    lines[0]["price_data"]["product_data"]["name"] = "<script>alert(1)</script>"
    session = client.v1.checkout.sessions.create(checkout(line_items=lines))
    assert "&lt;script&gt;" in requests.get(session.url, timeout=5).text


def test_one_click_pays_and_leads_back_to_the_shop(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    answer = submit(session.url, choice="card")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        SUCCESS.replace("{CHECKOUT_SESSION_ID}", session.id),
    )
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    again = submit(session.url, choice="card")
    assert again.headers["Location"].endswith(f"/c/pay/{session.id}")
    assert "complete" in requests.get(session.url, timeout=5).text
    assert len(sandbox.all("charge")) == 1


def test_a_typed_card_pays(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    assert submit(session.url, **CARD).status_code == 303
    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert (paid.customer_details.email, paid.customer_details.name) == ("ada@example.com", "Ada")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "4242 4242 4242 4243"),
        ("number", ""),
        ("expiry", "13 / 34"),
        ("expiry", "01 / 20"),
        ("cvc", "12"),
        ("name", ""),
        ("email", "nobody"),
    ],
)
def test_a_mistyped_card_is_told_beside_the_field(
    sandbox: RunningSandbox, client: StripeClient, field: str, value: str
) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    answer = submit(session.url, **{**CARD, field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="12 / 34"' in answer.text or field == "expiry"
    assert sandbox.all("charge") == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4000 0000 0000 0002", "Your card was declined"),
        ("4000000000009995", "insufficient funds"),
        ("4012888888881881", "not a test card"),
    ],
)
def test_a_declined_card_says_why_and_stays(
    sandbox: RunningSandbox, client: StripeClient, number: str, reason: str
) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    answer = submit(session.url, **{**CARD, "number": number})
    assert answer.status_code == 402
    assert reason in answer.text
    assert submit(session.url, choice="card").status_code == 303


@pytest.mark.parametrize(("reply", "status", "paid"), [("complete", 303, "paid"), ("fail", 402, "unpaid")])
def test_three_d_secure_has_its_own_page(
    sandbox: RunningSandbox, client: StripeClient, reply: str, status: int, paid: str
) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    answer = submit(session.url, choice="3ds")
    assert answer.headers["Location"].endswith("/bank")
    bank = session.url + "/bank"
    assert "Confirm payment" in requests.get(bank, timeout=5).text
    assert submit(bank, answer=reply).status_code == status
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == paid
    assert submit(bank, answer=reply).headers["Location"].endswith(session.id)


def test_a_free_order_needs_no_card(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout(0))
    page = requests.get(session.url, timeout=5).text
    assert "Complete order" in page
    assert 'name="number"' not in page
    assert submit(session.url).status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "no_payment_required"


def test_expired_and_unknown_pages(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    url = session.url
    client.v1.checkout.sessions.expire(session.id)
    assert "expired" in requests.get(url, timeout=5).text
    assert submit(url, choice="card").status_code == 303
    assert sandbox.all("charge") == []
    assert requests.get(f"{sandbox.url}/c/pay/cs_test_none", timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("wait", "slow", "first"), [(10.0, 0.3, "webhook"), (0.0, 0.4, "buyer"), (0.1, 0.6, "buyer")]
)
def test_the_buyer_waits_for_the_shop_but_not_for_ever(wait: float, slow: float, first: str) -> None:
    order: list[str] = []

    def shop(body: bytes, headers: dict[str, str]) -> int:
        time.sleep(slow)
        order.append("webhook")
        return 200

    kinds = ("checkout.session.completed",)
    with RunningSandbox(receiver=shop, deliver=True, redirect_wait=wait, enabled_events=kinds) as sandbox:
        session = client_of(sandbox).v1.checkout.sessions.create(checkout())
        assert submit(session.url or "", choice="card").status_code == 303
        order.append("buyer")
        assert sandbox.drain()
    assert order[0] == first


def control(sandbox: RunningSandbox, path: str, **fields: Any) -> requests.Response:
    """The control surface as a program uses it."""
    return requests.post(f"{sandbox.url}/_sandbox{path}", json=fields, timeout=5)


def test_a_program_can_pull_every_lever(sandbox: RunningSandbox, client: StripeClient) -> None:
    first, second, third = (client.v1.checkout.sessions.create(checkout()) for _ in range(3))
    assert control(sandbox, f"/sessions/{first.id}/pay", how="later_fails").json()["status"] == "complete"
    assert control(sandbox, f"/sessions/{first.id}/settle", ok=True).status_code == 200
    assert client.v1.checkout.sessions.retrieve(first.id).payment_status == "paid"
    assert control(sandbox, f"/sessions/{second.id}/expire").json()["status"] == "expired"
    assert control(sandbox, f"/sessions/{second.id}/pay").status_code == 400
    assert control(sandbox, f"/sessions/{third.id}/pay", how="barter").status_code == 400
    assert control(sandbox, "/sessions/cs_none/pay").status_code == 404
    added = control(sandbox, "/faults", kind="503", on="GET /v1/balance", times=2, should_retry=False)
    assert added.json()["times"] == 2
    listed = requests.get(f"{sandbox.url}/_sandbox/faults", timeout=5).json()
    assert [fault["kind"] for fault in listed] == ["503"]
    for wrong in ({"kind": "x", "on": "y"}, {"kind": "503", "on": "GET /v1/x", "seconds": "inf"}, {"a": 1}):
        assert control(sandbox, "/faults", **wrong).status_code == 400
    assert control(sandbox, "/faults/clear").status_code == 200
    now = sandbox.clock.now()
    assert control(sandbox, "/clock", advance=3600).json()["now"] >= now + 3600
    state = requests.get(f"{sandbox.url}/_sandbox/state", timeout=5).json()
    assert len(state["objects"]["checkout.session"]) == 3
    assert control(sandbox, "/reset").status_code == 200
    assert client.v1.checkout.sessions.list().data == []


def test_a_person_sees_events_and_settles_a_debit(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    submit(session.url, choice="later_succeeds")
    page = requests.get(f"{sandbox.url}/_sandbox/", timeout=5).text
    for text in ("checkout.session.completed", "Debit succeeds", "Practical SQL"):
        assert text in page
    answer = submit(f"{sandbox.url}/_sandbox/sessions/{session.id}/settle", ok="false")
    assert answer.status_code == 303
    assert sandbox.last_event("checkout.session.async_payment_failed")
    assert not re.search(r"<script|<style|style=|\son\w+=", page)


def test_an_event_can_be_resent_from_the_page() -> None:
    got: list[bytes] = []

    def shop(body: bytes, headers: dict[str, str]) -> int:
        got.append(body)
        return 200

    with RunningSandbox(receiver=shop, deliver=True, enabled_events=("checkout.*",)) as sandbox:
        buy(sandbox, client_of(sandbox))
        assert sandbox.drain()
        id = sandbox.last_event("checkout.session.completed")["id"]
        assert control(sandbox, f"/events/{id}/deliver").status_code == 200
        assert sandbox.drain()
    assert len(got) == 2
    assert got[0] == got[1]


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.test"}, {"Origin": "http://evil.test"}, {"Origin": "null"}]
)
def test_other_sites_cannot_pull_levers(sandbox: RunningSandbox, headers: dict[str, str]) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/reset", headers=headers, timeout=5)
    assert answer.status_code == 403


def test_other_machines_are_not_served(sandbox: RunningSandbox) -> None:
    client = sandbox.app.test_client()
    assert client.get("/_sandbox/", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403
    with pytest.raises(UnsafeSettingsError):
        loopback_server(sandbox.app, 0, "0.0.0.0")


@pytest.mark.browser
def test_a_browser_walks_through_decline_bank_and_back_to_the_shop(
    sandbox: RunningSandbox, chromium: Browser
) -> None:
    page = chromium.new_page(java_script_enabled=False, viewport={"width": 390, "height": 844})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    home = f"{sandbox.url}/_sandbox/?session={{CHECKOUT_SESSION_ID}}"
    session = client_of(sandbox).v1.checkout.sessions.create(checkout(success_url=home, cancel_url=home))
    page.goto(session.url)
    page.get_by_role("button", name="Card is declined").click()
    assert page.get_by_role("alert").inner_text().startswith("Payment failed")
    page.get_by_role("button", name="Bank asks for confirmation").click()
    page.get_by_role("button", name="Confirm payment").click()
    page.wait_for_url(f"**/?session={session.id}")
    assert [text for text in complaints if "Security Policy" in text] == []
    page.close()


def a_full_cart(client: StripeClient) -> Any:
    """Everything that the page can ask for and show, with long names."""
    names = ("Practical SQL", "Watercolour " * 12, "Donaudampfschifffahrtsgesellschaftskapitän" * 2)
    prices = [
        {"currency": "eur", "unit_amount": 99_999, "tax_behavior": "inclusive",
         "product_data": {"name": name, "description": "About it. " * 30}}
        for name in names
    ]  # fmt: skip
    customer = client.v1.customers.create({"email": "ada@example.com", "address": {"country": "DE"}})
    return checkout(
        line_items=[{"price_data": price, "quantity": 1} for price in prices],
        customer=customer.id,
        customer_update={"address": "auto", "name": "auto"},
        automatic_tax={"enabled": True},
        tax_id_collection={"enabled": True},
        saved_payment_method_options={"payment_method_save": "enabled"},
    )


@pytest.mark.browser
@pytest.mark.once
def test_pages_are_accessible_and_fit(sandbox: RunningSandbox, chromium: Browser) -> None:
    client = client_of(sandbox)
    bank = client.v1.checkout.sessions.create(checkout())
    sandbox.pay(bank.id, "3ds", authenticated=None)
    delayed = client.v1.checkout.sessions.create(checkout())
    sandbox.pay(delayed.id, "later_succeeds")
    full = client.v1.checkout.sessions.create(a_full_cart(client))
    page = chromium.new_page(reduced_motion="reduce", bypass_csp=True)
    for address in (bank.url, f"{bank.url}/bank", delayed.url, full.url, f"{sandbox.url}/_sandbox/"):
        assert look_every_way(page, address) == []
    page.close()
