"""The amount of a payout: ledger lines, VAT on top, and what a currency can't transfer."""

from dataclasses import dataclass

from domain.base import money
from domain.payouts import vat

# Banks take these in whole units of a hundred minor units only (https://docs.stripe.com/payouts).
_WHOLE_HUNDREDS = frozenset(["HUF", "TWD"])


@dataclass(frozen=True)
class Amounts:
    """The parts of a payout in minor units of `currency`.

    `lines_cents` is the sum of its lines; in them are `vat_cents`, which an earlier payout added and didn't
    pay, and `carry_cents`, which an earlier one rounded off. `rate_bp` is the VAT that is owed on the rest.
    """

    currency: str
    lines_cents: int
    vat_cents: int = 0
    carry_cents: int = 0
    rate_bp: int = 0

    @property
    def net_cents(self) -> int:
        """Return what the creator earned, without VAT."""
        return self.lines_cents - self.vat_cents - self.carry_cents

    @property
    def tax_cents(self) -> int:
        """Compute the VAT on what was earned, rounded half up; none on a debt.

        >>> Amounts("eur", 1330, rate_bp=1900).tax_cents
        253
        """
        return vat.on(max(self.net_cents, 0), self.rate_bp)

    @property
    def added_vat_cents(self) -> int:
        """Compute the VAT that isn't among the lines yet; below 0 if there is too much of it."""
        return self.tax_cents - self.vat_cents

    @property
    def paid_cents(self) -> int:
        """Compute what is transferred: everything, rounded down to what banks take.

        >>> Amounts("huf", 12_345).paid_cents, Amounts("jpy", 105).paid_cents, Amounts("usd", -5).paid_cents
        (12300, 105, 0)
        """
        owed = self.lines_cents + self.added_vat_cents
        return max(owed - owed % step(self.currency), 0)

    @property
    def rest_cents(self) -> int:
        """Compute what is rounded off and goes into the next payout."""
        return self.lines_cents + self.added_vat_cents - self.paid_cents


def step(currency: str) -> int:
    """Return the smallest amount that can be paid out beside another, in minor units of `currency`."""
    return 100 if currency.upper() in _WHOLE_HUNDREDS else money.step(currency)
