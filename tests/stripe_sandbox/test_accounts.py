"""Connected accounts over both APIs, their onboarding, and what Stripe decides about them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from stripe_sandbox.accounts import REASONS
from stripe_sandbox.testing import RunningSandbox

REFRESH, RETURN = "http://127.0.0.1:5999/again", "http://127.0.0.1:5999/back"
EVERYTHING: Any = {"include": ["configuration.recipient", "identity", "requirements"]}
CAPABILITY = "v2.core.account[configuration.recipient].capability_status_updated"


def open_account(client: StripeClient, country: str = "DE", **more: Any) -> Any:
    """An Express account of API v2, with the parts that show whether it can be paid."""
    transfers = {"stripe_balance": {"stripe_transfers": {"requested": True}}}
    return client.v2.core.accounts.create(
        {
            "contact_email": "creator@example.com",
            "dashboard": "express",
            "identity": {"country": country},
            "configuration": {"recipient": {"capabilities": transfers}},
            "defaults": {
                "responsibilities": {"fees_collector": "application", "losses_collector": "application"}
            },
            **EVERYTHING,
            **more,
        }
    )


def capability(account: Any) -> tuple[str, list[tuple[str, str]]]:
    """The status of an account's transfers, with reasons and resolutions."""
    found = account.configuration.recipient.capabilities.stripe_balance.stripe_transfers
    return found.status, [(detail.code, detail.resolution) for detail in found.status_details]


def link(client: StripeClient, account_id: str) -> str:
    """A link to onboarding."""
    urls: Any = {"refresh_url": REFRESH, "return_url": RETURN}
    case: Any = {"type": "account_onboarding", "account_onboarding": urls}
    return str(client.v2.core.account_links.create({"account": account_id, "use_case": case}).url)


def test_an_account_is_born_with_everything_due(sandbox: RunningSandbox, client: StripeClient) -> None:
    account = open_account(client, metadata={"user_id": "7"})
    assert capability(account) == ("restricted", [("requirements_past_due", "provide_info")])
    assert {entry.awaiting_action_from for entry in account.requirements.entries} == {"user"}
    bare = client.v2.core.accounts.retrieve(account.id)
    assert (bare.configuration, bare.identity, bare.requirements) == (None, None, None)
    assert bare.metadata.to_dict() == {"user_id": "7"}
    assert [event["type"] for event in sandbox.thin_events()] == [
        "v2.core.account.created",
        CAPABILITY,
        "v2.core.account[requirements].updated",
    ]
    assert sandbox.violations() == []


def test_onboarding_takes_one_visit_and_a_few_minutes(sandbox: RunningSandbox, client: StripeClient) -> None:
    account = open_account(client)
    unfinished = link(client, account.id)
    assert sandbox.onboard(unfinished, "leave") == RETURN
    assert sandbox.onboard(unfinished) == REFRESH
    late = link(client, account.id)
    sandbox.clock.advance(minutes=6)
    assert sandbox.onboard(late) == REFRESH
    assert capability(client.v2.core.accounts.retrieve(account.id, EVERYTHING))[0] == "restricted"
    assert sandbox.onboard(link(client, account.id), "pending") == RETURN
    assert capability(client.v2.core.accounts.retrieve(account.id, EVERYTHING)) == (
        "pending",
        [("requirements_pending_verification", "no_resolution")],
    )
    sandbox.enable(account.id)
    assert capability(client.v2.core.accounts.retrieve(account.id, EVERYTHING)) == ("active", [])


def test_onboarding_is_a_page(sandbox: RunningSandbox, client: StripeClient) -> None:
    account = open_account(client)
    browser: Any = sandbox.app.test_client()
    address = link(client, account.id).removeprefix(sandbox.url)
    page = browser.get(address)
    assert "date of birth" in page.text
    assert "http://127.0.0.1:5999" in page.headers["Content-Security-Policy"]
    assert browser.get(address).location == REFRESH
    assert browser.post(address, data={"visit": "guessed", "answer": "complete"}).location == REFRESH
    visit = page.text.partition('name="visit" value="')[2].partition('"')[0]
    assert browser.post(address, data={"visit": visit, "answer": "complete"}).location == RETURN
    assert capability(client.v2.core.accounts.retrieve(account.id, EVERYTHING)) == ("active", [])
    dashboard = client.v1.accounts.login_links.create(account.id).url.removeprefix(sandbox.url)
    assert "Express dashboard" in browser.get(dashboard).text
    assert browser.post(dashboard, data={"answer": "pay_out"}).status_code == 303
    assert "Disconnected" in browser.post(dashboard, data={"answer": "deauthorise"}).text
    assert browser.get(dashboard).status_code == 404


@pytest.mark.parametrize("reason", REASONS)
def test_stripe_decides_for_a_named_reason(
    sandbox: RunningSandbox, client: StripeClient, reason: str
) -> None:
    account = open_account(client)
    sandbox.restrict(account.id, reason, due=("identity.individual.address",), error="invalid_street_address")
    status, resolution = REASONS[reason]
    now: Any = client.v2.core.accounts.retrieve(account.id, EVERYTHING)
    assert capability(now) == (status, [(reason, resolution)])
    assert now.requirements.entries[0].errors[0].code == "invalid_street_address"
    body, headers = sandbox.signed(sandbox.thin_events()[-2]["id"])
    told: Any = client.parse_event_notification(body, headers["Stripe-Signature"], sandbox.secrets[0])
    assert (told.type, told.related_object.id) == (CAPABILITY, account.id)
    assert told.fetch_related_object().id == account.id


def test_a_country_that_stripe_does_not_reach(sandbox: RunningSandbox, client: StripeClient) -> None:
    assert capability(open_account(client, "KP")) == (
        "unsupported",
        [("unsupported_country", "no_resolution")],
    )
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.accounts.create({"country": "KP", "type": "express"})
    assert caught.value.code == "country_unsupported"


def test_a_disconnected_account_answers_403(sandbox: RunningSandbox, client: StripeClient) -> None:
    account = open_account(client)
    sandbox.deauthorise(account.id)
    event = sandbox.last_event("account.application.deauthorized")
    assert (event["account"], event["data"]["object"]["object"]) == (account.id, "application")
    options: Any = {"stripe_account": account.id}
    for call in (
        lambda: client.v2.core.accounts.retrieve(account.id),
        lambda: client.v1.accounts.retrieve(account.id),
        lambda: client.v1.accounts.login_links.create(account.id),
        lambda: link(client, account.id),
        lambda: client.v1.balance.retrieve(None, options),
        lambda: client.v1.balance.retrieve(None, {"stripe_account": "acct_nobody"}),
    ):
        with pytest.raises(stripe.PermissionError) as caught:
            call()
        assert caught.value.error.code == "account_invalid"


def test_an_account_is_closed_for_good(sandbox: RunningSandbox, client: StripeClient) -> None:
    account, other = open_account(client), open_account(client)
    with pytest.raises(stripe.InvalidRequestError, match="configurations"):
        client.v2.core.accounts.close(account.id)
    named: Any = {"applied_configurations": ["recipient"]}
    assert client.v2.core.accounts.close(account.id, named).closed is True
    assert client.v2.core.accounts.retrieve(account.id).closed is True
    assert [row.id for row in client.v2.core.accounts.list()] == [other.id]


def test_accounts_are_listed_page_by_page(sandbox: RunningSandbox, client: StripeClient) -> None:
    made = [open_account(client).id for _ in range(5)]
    assert [row.id for row in client.v2.core.accounts.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    assert [row.id for row in client.v1.accounts.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    assert sandbox.violations() == []


def test_v2_takes_json_with_known_fields_only(sandbox: RunningSandbox, client: StripeClient) -> None:
    for params in (
        {"type": "express"},
        {"contact_email": "nobody"},
        {"configuration": {"merchant": {}}},
        {"include": ["secrets"]},
        {},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            client.v2.core.accounts.create(params)  # type: ignore[arg-type]
    browser: Any = sandbox.app.test_client()
    key = {"Authorization": f"Bearer {sandbox.api_key}"}
    for body in ({"data": "dashboard=express"}, {"data": "[1]", "content_type": "application/json"}):
        assert browser.post("/v2/core/accounts", headers=key, **body).status_code == 400
    assert browser.post("/v2/core/nothing", headers=key).status_code == 404
    assert sandbox.all("v2.core.account") == []


def test_v1_shows_the_same_account_in_its_words(sandbox: RunningSandbox, client: StripeClient) -> None:
    params: Any = {
        "controller": {
            "stripe_dashboard": {"type": "express"},
            "fees": {"payer": "application"},
            "losses": {"payments": "application"},
        },
        "country": "FR",
        "email": "creator@example.com",
        "capabilities": {"transfers": {"requested": True}},
        "metadata": {"user_id": "7"},
    }
    account: Any = client.v1.accounts.create(params)
    assert (account.capabilities.transfers, account.details_submitted) == ("inactive", False)
    assert account.requirements.disabled_reason == "requirements.past_due"
    assert "individual.dob.day" in account.requirements.currently_due
    with pytest.raises(stripe.InvalidRequestError, match="onboarding"):
        client.v1.accounts.login_links.create(account.id)
    onboarding: Any = {"type": "account_onboarding", "refresh_url": REFRESH, "return_url": RETURN}
    made = client.v1.account_links.create({"account": account.id, **onboarding})
    assert sandbox.onboard(made.url) == RETURN
    account = client.v1.accounts.retrieve(account.id)
    assert (account.capabilities.transfers, account.requirements.currently_due) == ("active", [])
    assert sandbox.last_event("account.updated")["account"] == account.id
    assert sandbox.thin_events() == []
    assert client.v1.accounts.update(account.id, {"metadata": {"user_id": ""}}).metadata.to_dict() == {}
    assert client.v1.accounts.delete(account.id).deleted is True
    assert client.v1.accounts.list().data == []
    assert sandbox.violations() == []
