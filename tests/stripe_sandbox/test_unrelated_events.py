"""What happens without the shop: disputes, payments that nobody asked for, payouts that the bank refuses."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from stripe_sandbox.errors import StripeError
from stripe_sandbox.testing import RunningSandbox

from .conftest import buy
from .test_money import books_agree


def charge_of(sandbox: RunningSandbox, client: StripeClient) -> str:
    intent = buy(sandbox, client).payment_intent
    return str(client.v1.payment_intents.retrieve(intent).latest_charge)


@pytest.mark.parametrize(
    ("won", "last"), [(True, "charge.dispute.funds_reinstated"), (False, "charge.dispute.closed")]
)
def test_a_dispute_takes_the_money_until_it_is_won(
    sandbox: RunningSandbox, client: StripeClient, won: bool, last: str
) -> None:
    charge = charge_of(sandbox, client)
    dispute = sandbox.dispute(charge)
    assert [event["type"] for event in sandbox.events()][-2:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]
    assert client.v1.charges.retrieve(charge).disputed is True
    assert books_agree(sandbox, client)
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        client.v1.refunds.create({"charge": charge})
    with pytest.raises(StripeError):
        sandbox.dispute(charge)
    assert sandbox.decide(dispute["id"], won)["status"] == ("won" if won else "lost")
    assert sandbox.events()[-1]["type"] == last
    assert books_agree(sandbox, client)
    with pytest.raises(StripeError):
        sandbox.decide(dispute["id"], won)


def test_the_control_page_has_a_button_for_each(sandbox: RunningSandbox, client: StripeClient) -> None:
    charge = charge_of(sandbox, client)
    browser: Any = sandbox.app.test_client()

    def press(address: str, **fields: str) -> str:
        assert f'action="{address}"' in browser.get("/_sandbox/").text
        assert browser.post(address, data=fields).status_code == 303
        return str(browser.get("/_sandbox/").text)

    page = press(f"/_sandbox/charges/{charge}/dispute")
    assert "Shop wins" in page
    (dispute,) = sandbox.all("dispute")
    page = press(f"/_sandbox/disputes/{dispute['id']}/become", status="lost")
    assert sandbox.all("dispute")[0]["status"] == "lost"
    assert "appeal needs response" in page
    assert browser.post(f"/_sandbox/disputes/{dispute['id']}/decide", data={"ok": "true"}).status_code == 400
    assert "without an order" in press("/_sandbox/elsewhere/pay")
    unasked = sandbox.all("charge")[-1]
    assert client.v1.checkout.sessions.list({"payment_intent": unasked["payment_intent"]}).data == []
    assert "refunded</small>" in press(f"/_sandbox/charges/{unasked['id']}/refund")
    press("/_sandbox/elsewhere/payout")
    assert sandbox.last_event("payout.failed")["data"]["object"]["failure_code"] == "account_closed"
    assert books_agree(sandbox, client)
    assert browser.post(f"/_sandbox/charges/{unasked['id']}/refund").status_code == 400
    assert browser.post("/_sandbox/charges/ch_none/dispute").status_code == 404


def test_a_thin_event_names_an_object_that_is_there(sandbox: RunningSandbox, client: StripeClient) -> None:
    event = sandbox.change_account()
    body, headers = sandbox.signed(event["id"])
    notification = client.parse_event_notification(body, headers["Stripe-Signature"], sandbox.secrets[0])
    assert notification.type == "v2.core.account[configuration.recipient].capability_status_updated"
    assert notification.fetch_related_object().contact_email == "creator@example.com"
    assert notification.fetch_event().id == event["id"]
    with pytest.raises(ValueError, match="thin event"):
        stripe.Webhook.construct_event(  # type: ignore[no-untyped-call]
            body, headers["Stripe-Signature"], sandbox.secrets[0]
        )
    (asked,) = sandbox.requests("GET", notification.related_object.url)
    assert asked.headers["Stripe-Context"] == notification.related_object.id
    with pytest.raises(stripe.StripeError) as refusal:
        client.raw_request("get", "/v2/core/accounts/acct_nobody")
    assert refusal.value.http_status == 404


def test_the_control_page_sends_thin_events(sandbox: RunningSandbox) -> None:
    browser: Any = sandbox.app.test_client()
    for name in ("account", "credit"):
        assert browser.post(f"/_sandbox/elsewhere/{name}").status_code == 303
    page = browser.get("/_sandbox/").text
    assert all(event["type"] in page and event["id"] in page for event in sandbox.thin_events())
    assert len(sandbox.thin_events()) == 4
    assert sandbox.events() == []
    (account,) = sandbox.all("v2.core.account")
    place = f"/_sandbox/accounts/{account['id']}"
    assert f'action="{place}/decide"' in page
    for name, fields in (("decide", {"reason": "rejected_fraud"}), ("pay_out", {}), ("deauthorise", {})):
        assert browser.post(f"{place}/{name}", data=fields).status_code == 303
    assert "no access" in browser.get("/_sandbox/").text
    assert browser.post(f"{place}/decide", data={"reason": "mood"}).status_code == 400
