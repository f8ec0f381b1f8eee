"""What we say to Stripe, and what we read in its answers."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

import payments
from stripe_sandbox.testing import RunningSandbox
from tests.checkout.shop import at_once

ORDER = payments.Checkout(
    key="order:1:v1",
    order_id="0190a5c2-0000-7000-8000-000000000001",
    number="LT-1",
    lines=(payments.Line("Practical SQL", 1900), payments.Line("Drawing", 2500, reference="line-2")),
    currency="usd",
    email="cy@example.com",
    success_url="http://127.0.0.1:5999/done?session={CHECKOUT_SESSION_ID}",
    cancel_url="http://127.0.0.1:5999/cart",
)


def new_customer(user_id: str = "user-1", email: str = "cy@example.com", key: str = "customer:1") -> str:
    """The customer of a person."""
    return payments.ensure_customer(key, email, "Cy", user_id)


def sent(stripe: RunningSandbox) -> dict[str, Any]:
    """The session as Stripe keeps it."""
    return stripe.all("checkout.session")[-1]


def test_a_plain_checkout_is_sent_as_before(stripe: RunningSandbox) -> None:
    session = payments.open_session(ORDER)
    assert (session.amount_subtotal, session.amount_tax, session.amount_total) == (4400, 0, 4400)
    assert [(line.name, line.amount_total, line.reference) for line in session.lines] == [
        ("Practical SQL", 1900, ""),
        ("Drawing", 2500, "line-2"),
    ]
    assert (session.customer, session.billing_country, session.tax_status) == (None, None, None)
    assert sent(stripe)["customer_email"] == "cy@example.com"
    assert "receipt_email" not in (stripe.requests("POST", "/v1/checkout/sessions")[0].body or "")


def test_how_it_was_paid_is_read_from_the_charge(stripe: RunningSandbox) -> None:
    session = payments.open_session(ORDER)
    assert (session.method_type, session.method_last4, session.card_country) == (None, None, None)
    stripe.pay(session.id)
    found = payments.find_session(session.id)
    assert found is not None
    assert (found.method_type, found.payment_method, found.method_last4) == ("card", "visa", "4242")
    assert found.card_country == "US"
    assert payments.session_of(found.payment_intent or "") == found


def test_a_bank_debit_has_no_brand(stripe: RunningSandbox) -> None:
    session = payments.open_session(ORDER)
    stripe.pay(session.id, "later_succeeds")
    found = payments.find_session(session.id)
    assert found is not None
    assert (found.method_brand, found.payment_method, found.method_last4) == (
        None,
        "us_bank_account",
        "6789",
    )


def test_every_line_of_a_large_cart_is_read(stripe: RunningSandbox) -> None:
    """Stripe sends ten lines with a session, and the others as a list."""
    lines = tuple(payments.Line(f"Course {number}", 1000 + number) for number in range(50))
    session = payments.open_session(replace(ORDER, lines=lines))
    assert [line.amount_subtotal for line in session.lines] == [1000 + number for number in range(50)]
    assert payments.find_session(session.id) == session
    assert len(stripe.requests("GET", f"/v1/checkout/sessions/{session.id}/line_items")) == 2


def test_one_person_has_one_customer(stripe: RunningSandbox) -> None:
    first = new_customer()
    assert new_customer() == first
    assert new_customer(key="customer:1:again") == first  # the key is forgotten after a day
    assert new_customer("user-2", key="customer:2") != first
    assert [one["metadata"]["user_id"] for one in stripe.all("customer")] == ["user-1", "user-2"]


def test_two_tabs_of_one_person_agree_on_the_older_customer(
    stripe: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tab makes its customer between our looking and our making."""
    look, others = payments.customers._customers_of, []

    def blind(email: str, user_id: str) -> list[str]:
        if not others:
            others.append("")
            others.append(new_customer(key="customer:other-tab"))
            return []
        return look(email, user_id)

    monkeypatch.setattr(payments.customers, "_customers_of", blind)
    assert new_customer() == others[1]
    assert [one["id"] for one in stripe.all("customer") if not one.get("deleted")] == [others[1]]


def test_a_customer_pays_with_what_stripe_knows_of_them(stripe: RunningSandbox) -> None:
    customer = new_customer()
    checkout = replace(
        ORDER,
        customer=customer,
        collect_address=True,
        tax_id_collection=True,
        save_card=True,
        statement_descriptor="Léctern* <school>",
        locale="de",
    )
    session = payments.open_session(checkout)
    kept = sent(stripe)
    assert session.customer == kept["customer"] == customer
    assert kept["customer_email"] is None
    assert kept["saved_payment_method_options"]["payment_method_save"] == "enabled"
    assert (kept["billing_address_collection"], kept["locale"]) == ("required", "de")
    stripe.pay(session.id)
    [charge] = stripe.all("charge")
    assert (charge["customer"], charge["receipt_email"]) == (customer, None)
    assert charge["statement_descriptor_suffix"] == "Lectern school"


def test_a_deleted_customer_is_said_so(stripe: RunningSandbox) -> None:
    customer = new_customer()
    assert payments.update_customer(customer, "new@example.com", "Cy")
    assert stripe.get("customer", customer)["email"] == "new@example.com"
    assert payments.delete_customer(customer)
    assert not payments.delete_customer(customer)
    assert not payments.update_customer(customer, "new@example.com", "Cy")
    assert not payments.delete_customer("")
    with pytest.raises(payments.UnknownCustomer):
        payments.open_session(replace(ORDER, customer=customer))
    assert new_customer(key="customer:1:v2") != customer


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("Lectern", "Lectern"),
        ("Ünïcode Schüle", "Unicode Schule"),
        ("a" * 40, "a" * 22),
        ("2026", ""),
        ("漢字", ""),
        ('<"Cours*es">', "Courses"),
        ("", ""),
    ],
)
def test_a_statement_suffix_is_what_banks_print(text: str, suffix: str) -> None:
    assert payments.statement_suffix(text) == suffix


def test_a_part_of_an_order_is_refunded_once(stripe: RunningSandbox) -> None:
    """One line of many: the charge is the order's, so the amount says which part."""
    session = payments.open_session(ORDER)
    stripe.pay(session.id)
    found = payments.find_session(session.id)
    assert found is not None
    assert found.payment_intent is not None
    first = payments.refund(found.payment_intent, 1900, "refund-1", "duplicate")
    assert payments.refund(found.payment_intent, 1900, "refund-1", "duplicate") == first
    second = payments.refund(found.payment_intent, 1900, "refund-2", "duplicate")
    assert second.id != first.id
    with pytest.raises(payments.PaymentRefused):
        payments.refund(found.payment_intent, 601, "refund-3", "duplicate")
    payments.refund(found.payment_intent, 600, "refund-4", "duplicate")
    [charge] = stripe.all("charge")
    assert (charge["amount_refunded"], charge["refunded"]) == (4400, True)


def taxed(**changes: Any) -> payments.Checkout:
    """A checkout with Stripe Tax."""
    lines = (
        payments.Line("Practical SQL", 1900, "exclusive", "A course by Ada", reference="line-1"),
        payments.Line("Drawing", 2500, "exclusive", image="http://127.0.0.1:5999/cover.png"),
    )
    return replace(ORDER, lines=lines, automatic_tax=True, tax_id_collection=True, **changes)


def test_stripe_s_tax_is_read_by_line(stripe: RunningSandbox) -> None:
    session = payments.open_session(taxed(customer=new_customer(), collect_address=True))
    assert (session.tax_status, session.amount_tax) == ("requires_location_inputs", 0)
    assert [line.tax_rate_bp for line in session.lines] == [None, None]
    stripe.pay(session.id, "4000005280000002", country="DE", name="Bo")
    found = payments.find_session(session.id)
    assert found is not None
    assert [(line.amount_tax, line.tax_rate_bp, line.tax_reason) for line in found.lines] == [
        (361, 1900, "standard_rated"),
        (475, 1900, "standard_rated"),
    ]
    assert (found.amount_subtotal, found.amount_tax, found.amount_total) == (4400, 836, 5236)
    assert (found.tax_status, found.billing_country, found.card_country) == ("complete", "DE", "NL")
    assert (found.billing.name, found.billing.city) == ("Bo", "Springfield")
    product = stripe.all("product")[0]
    assert product["description"] == "A course by Ada"


def test_what_is_longer_than_stripe_takes_is_cut(stripe: RunningSandbox) -> None:
    line = payments.Line("N" * 300, 1900, description="D" * 900, image=f"https://example.org/{'i' * 3000}")
    payments.open_session(replace(ORDER, lines=(line,)))
    product = stripe.all("product")[-1]
    assert (product["name"], product["description"]) == ("N" * 249 + "…", "D" * 499 + "…")
    assert product["images"] == []


def test_a_vat_id_typed_at_stripe_is_read(stripe: RunningSandbox) -> None:
    session = payments.open_session(taxed())
    stripe.pay(session.id, country="NL", tax_id="NL 1234.56789 B01", business="Acme B.V.")
    found = payments.find_session(session.id)
    assert found is not None
    assert found.tax_ids == (("eu_vat", "NL123456789B01"),)
    assert found.lines[0].tax_reason == "reverse_charge"
    assert (found.amount_tax, found.billing.name) == (0, "Acme B.V.")


@pytest.mark.parametrize("fault", ["execute_then_drop", "409", "503"])
def test_a_lost_answer_makes_no_second_customer(stripe: RunningSandbox, fault: str) -> None:
    stripe.fault(fault, "POST /v1/customers")
    customer = new_customer()
    assert [one["id"] for one in stripe.all("customer")] == [customer]


def test_a_failure_kept_under_the_key_leads_to_the_customer_that_was_made(stripe: RunningSandbox) -> None:
    stripe.fault("execute_then_500", "POST /v1/customers")
    with pytest.raises(payments.KeySpent):
        new_customer()
    [made] = stripe.all("customer")
    assert new_customer(key="customer:1:v2") == made["id"]


def test_no_customer_is_made_while_stripe_cannot_say_who_is_known(stripe: RunningSandbox) -> None:
    stripe.fault("503", "GET /v1/customers", times=3)
    with pytest.raises(payments.PaymentUnavailable):
        new_customer()
    assert stripe.all("customer") == []


def test_a_key_in_use_is_told_apart_from_a_stripe_that_is_away(
    app: Flask, stripe: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments.client, "RETRIES", 0)
    stripe.fault("409", "POST /v1/checkout/sessions")
    with pytest.raises(payments.PaymentUnavailable) as away:
        payments.open_session(ORDER)
    assert not isinstance(away.value, payments.KeyInUse)
    stripe.fault("slow", "POST /v1/checkout/sessions", seconds=0.5)

    def ask() -> payments.Session:
        with app.app_context():
            return payments.open_session(ORDER)

    answers = at_once(ask, ask)
    [refused] = [one for one in answers if isinstance(one, Exception)]
    assert isinstance(refused, payments.KeyInUse)
    assert len(stripe.all("checkout.session")) == 1
