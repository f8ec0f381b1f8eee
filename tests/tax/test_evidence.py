"""Evidence of the buyer's country: what an order keeps, and disagreement that flags and changes nothing."""

import pytest

from domain.tax import evidence
from domain.tax.treatment import TreatmentKind
from tests.tax.test_treatment import DUTCH, Buyer, Shop, of


def test_an_order_keeps_whose_tax_it_is() -> None:
    assert evidence.frozen(of(Buyer("HU"), Shop())) == {
        "tax_kind": "own", "tax_country": "HU", "tax_place": "HU", "tax_sentence": "",
    }  # fmt: skip
    assert evidence.frozen(of(Buyer("HU"), Shop(tax_seller_rate=True)))["tax_place"] == "DE"
    assert evidence.frozen(of(Buyer("US"), Shop()))["tax_place"] == ""
    assert evidence.frozen(of(DUTCH, Shop()))["tax_sentence"] == "Reverse charge"


@pytest.mark.parametrize(
    ("taxed_as", "billing", "card", "disagree"),
    [
        ("DE", "DE", "DE", False),
        ("DE", None, "DE", False),
        ("DE", "", "", False),
        ("DE", "DE", "FR", True),
        ("DE", "fr", "FR", True),
        ("DE", "DE", "de", False),
    ],
)
def test_countries_that_disagree_are_flagged(
    taxed_as: str, billing: str | None, card: str | None, disagree: bool
) -> None:
    before = {"tax_kind": "own", "tax_country": taxed_as, "tax_place": taxed_as, "mine": 1}
    after = evidence.observed(before, billing, card)
    assert after == {
        **before,
        "billing_country": billing or "",
        "card_country": card or "",
        "countries_disagree": disagree,
    }
    assert "card_country" not in before
    assert evidence.observed({**before, "tax_kind": "none"}, "FR", "US")["countries_disagree"] is False


def test_stripe_knows_the_country_of_what_it_taxes() -> None:
    before = {"tax_kind": TreatmentKind.STRIPE.value, "tax_country": "DE", "tax_place": "DE"}
    after = evidence.observed(before, "FR", "FR")
    assert (after["tax_country"], after["tax_place"], after["countries_disagree"]) == ("FR", "FR", False)
    assert evidence.observed(None, "FR", "DE")["countries_disagree"] is False
