"""Evidence of where a buyer is, kept in the `details` of an order.

Two facts that agree prove the country of a consumer (Art. 24b of EU regulation 282/2011): the billing address
and the country of the card. Where they disagree the order is flagged; its tax stays as it was charged.
"""

from typing import Any

from domain.tax.treatment import Treatment, TreatmentKind


def frozen(treatment: Treatment) -> dict[str, Any]:
    """List what an order keeps of its treatment when it is opened; documents and reports read it."""
    return {
        "tax_kind": treatment.kind.value,
        "tax_country": treatment.country,
        "tax_place": treatment.place,
        "tax_sentence": treatment.sentence,
    }


def observed(
    details: dict[str, Any] | None, billing_country: str | None, card_country: str | None
) -> dict[str, Any]:
    """Add the countries that Stripe has seen to the details of an order.

    `billing_country` is that typed on Stripe's page, `card_country` where the card was issued; None or "" if
    unknown. Answers new details; `countries_disagree` says that the known ones aren't all the same, in a
    sale that is taxed. Where Stripe computed the tax, the country is the one it knows.
    """
    kept = dict(details or {})
    seen = {"billing_country": billing_country or "", "card_country": card_country or ""}
    kind, taxed_as = kept.get("tax_kind"), kept.get("tax_country")
    if kind == TreatmentKind.STRIPE and billing_country:
        kept |= {"tax_country": billing_country, "tax_place": billing_country}
        taxed_as = billing_country
    known = {country.upper() for country in (taxed_as, *seen.values()) if country}
    is_taxed = kind is not None and kind != TreatmentKind.NONE
    return {**kept, **seen, "countries_disagree": is_taxed and len(known) > 1}
