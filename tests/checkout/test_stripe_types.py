"""Every type of event that the installed library knows is applied, told or known to be harmless."""

import json
import re
from typing import Any

import pytest
import stripe
from stripe.events import _event_classes

from domain.commerce import stripe_event_table, stripe_event_types
from domain.commerce.stripe_event_table import TABLE, row_of
from payments import Event


def snapshot_types() -> list[str]:
    """The literals of `Event.type`."""
    return re.findall(r"['\"]([^'\"]+)['\"]", str(stripe.Event.__annotations__["type"]))


def thin_types() -> list[str]:
    """The types of the notifications that the library knows."""
    return list(_event_classes._V2_EVENT_NOTIFICATION_CLASS_LOOKUP)


def an_event(type: str, about: dict[str, Any]) -> Event:
    """A snapshot of `type`."""
    payload = {"object": "event", "data": {"object": about}}
    return Event("evt_1", type, livemode=False, object_id=about.get("id", ""), payload=payload)


def test_each_type_of_the_library_has_exactly_one_row() -> None:
    types = [*snapshot_types(), *thin_types()]
    assert len(types) > 550
    unknown = [type for type in types if row_of(type).name not in TABLE]
    assert unknown == [], "decide in domain/commerce/stripe_event_types.py whether these are about our money"
    named = {row.name for row in TABLE.values() if row.name.endswith(".*")}
    twice = [row.name for row in TABLE.values() if f"{stripe_event_table._family(row.name)}.*" in named]
    assert {name for name in twice if not name.endswith(".*")} <= set(stripe_event_types.ACCOUNTS)


def test_the_table_names_no_type_that_does_not_exist() -> None:
    named = {name for name in TABLE if not name.endswith(".*")}
    assert named - {*snapshot_types(), *(type.removeprefix("v1.") for type in thin_types())} == set()


def test_a_row_does_one_thing_and_says_what() -> None:
    for row in TABLE.values():
        does = [row.fetch is not None, bool(row.harmless), row.fetch is None and row.notice is not None]
        assert sum(does) == 1, row
        assert row.harmless == "" or row.notice is None


def test_what_is_listed_has_an_effect_and_is_known_to_api_v1() -> None:
    assert set(stripe_event_table.FOLLOWED) <= set(snapshot_types())
    assert len(stripe_event_table.FOLLOWED) == len(set(stripe_event_table.FOLLOWED)) > 20


def test_no_family_of_money_is_harmless_as_a_whole() -> None:
    """A new type beside one that is told is never passed over."""
    harmless = {name.removesuffix(".*") for name in TABLE if name.endswith(".*")}
    assert harmless & stripe_event_table._MONEY == set()


def test_a_thin_event_of_api_v1_has_the_row_of_its_snapshot() -> None:
    twins = [type for type in thin_types() if type.startswith("v1.")]
    assert len(twins) > 250
    assert all(row_of(type) == row_of(type.removeprefix("v1.")) for type in twins)


@pytest.mark.parametrize(
    ("type", "about", "matters"),
    [
        ("moon.landed", {"id": "moon_1"}, False),
        ("moon.landed", {"id": "moon_1", "amount": 5, "currency": "usd"}, True),
        ("moon.landed", {"amount_paid": 5}, True),
        ("payout.eaten", {"id": "po_1"}, True),
        ("product.created", {"id": "prod_1", "currency": "usd"}, False),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": "pi_1"}, False),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": None}, True),
        ("payout.paid", {"id": "po_1", "amount": 5, "currency": "usd"}, False),
    ],
)
def test_what_nobody_has_heard_of_matters_when_it_looks_like_money(
    type: str, about: dict[str, object], matters: bool
) -> None:
    assert stripe_event_table.matters(an_event(type, about)) is matters


@pytest.mark.parametrize(
    ("type", "matters"),
    [
        ("v2.core.account.updated", True),
        ("v2.core.account_person.created", False),
        ("v2.core.event_destination.ping", False),
        ("v2.core.something.new", False),
        ("v2.money_management.received_credit.succeeded", True),
        ("v2.money_management.something.new", True),
        ("v2.moon.landed", True),  # its object decides, once it has been retrieved
        ("v1.charge.refunded", True),
        ("v1.customer.created", False),
    ],
)
def test_thin_events_go_through_the_same_table(type: str, matters: bool) -> None:
    payload = json.loads(f'{{"object": "v2.core.event", "type": "{type}"}}')
    assert stripe_event_table.matters(Event("evt_1", type, False, "", payload)) is matters
