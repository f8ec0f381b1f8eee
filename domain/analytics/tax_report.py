"""The tax report: what was sold and credited in a period, by country, rate and kind of tax."""

from dataclasses import dataclass

from domain.analytics import taxed_documents
from domain.analytics.periods import Period
from domain.tax import countries
from domain.tax.treatment import TreatmentKind

KINDS = {
    TreatmentKind.NONE: "Not taxed",
    TreatmentKind.OWN: "Your rates",
    TreatmentKind.REVERSE_CHARGE: "Reverse charge",
    TreatmentKind.STRIPE: "Stripe Tax",
}


@dataclass
class TaxLine:
    """A line of the report, in minor units: invoices less credit notes."""

    country: str
    rate_bp: int
    kind: TreatmentKind
    currency: str
    invoices: int = 0
    credit_notes: int = 0
    net_cents: int = 0
    tax_cents: int = 0

    @property
    def country_name(self) -> str:
        """Name the country."""
        return countries.name(self.country) or "Unknown"

    @property
    def kind_words(self) -> str:
        """Name the kind of tax."""
        return KINDS[self.kind]


def of_period(period: Period) -> list[TaxLine]:
    """Add up the documents issued in `period`, by the names of the countries, the highest rates first."""
    lines: dict[tuple[str, int, TreatmentKind, str], TaxLine] = {}
    for document in taxed_documents.issued_between(period.first, period.last):
        for part in document.taxes:
            key = (document.country, part.rate_bp, document.kind, document.currency)
            line = lines.setdefault(key, TaxLine(*key))
            line.invoices += document.sign > 0
            line.credit_notes += document.sign < 0
            line.net_cents += document.sign * part.net_cents
            line.tax_cents += document.sign * part.tax_cents
    return sorted(
        lines.values(), key=lambda line: (line.country_name, -line.rate_bp, line.kind, line.currency)
    )


def totals(lines: list[TaxLine]) -> list[tuple[str, int, int]]:
    """Add up net amounts and tax by currency."""
    found = {line.currency for line in lines}
    return [
        (currency, *(sum(getattr(line, name) for line in lines if line.currency == currency)
                     for name in ("net_cents", "tax_cents")))
        for currency in sorted(found)
    ]  # fmt: skip
