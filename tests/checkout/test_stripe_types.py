"""Every type of event that the installed library knows is applied, told or known to be harmless."""

import re

import pytest
import stripe

from domain.commerce import stripe_event_types


def types_of_the_library() -> list[str]:
    """The literals of `Event.type`."""
    return re.findall(r"['\"]([^'\"]+)['\"]", str(stripe.Event.__annotations__["type"]))


def test_each_type_of_the_library_has_exactly_one_meaning() -> None:
    types = types_of_the_library()
    assert len(types) > 250
    wrong = {}
    for type in types:
        meanings = [
            type in stripe_event_types.APPLIED,
            type in stripe_event_types.TOLD,
            bool(stripe_event_types.why_harmless(type)),
        ]
        if sum(meanings) != 1:
            wrong[type] = meanings
    assert wrong == {}, "decide in domain/commerce/stripe_event_types.py whether these are about our money"


def test_the_table_names_no_type_that_does_not_exist() -> None:
    named = {
        *stripe_event_types.FOLLOWED,
        *(name for name in stripe_event_types.HARMLESS if not name.endswith(".*")),
    }
    assert named - set(types_of_the_library()) == set()


def test_no_family_of_money_is_harmless_as_a_whole() -> None:
    """A new type beside one that is told is never passed over."""
    families = {name.removesuffix(".*") for name in stripe_event_types.HARMLESS if name.endswith(".*")}
    assert families & {type.split(".")[0] for type in stripe_event_types.FOLLOWED} == set()


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
    assert stripe_event_types.matters(type, about) is matters
