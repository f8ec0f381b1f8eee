"""The discount of some lines: by a code, or by the automatic coupon that saves most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from domain.base.money import money
from domain.catalog import kinds
from domain.catalog.kinds import Part
from domain.coupons import amounts, candidates, codes, refusals
from domain.coupons.candidates import Candidate, Discountable
from domain.coupons.refusals import RefusalReason
from domain.platform import settings
from models import Coupon, User


class DiscountLine(NamedTuple):
    """A line to be discounted: what is bought, what it costs before, and whom that pays."""

    product: Discountable
    price_cents: int
    parts: Sequence[Part]


@dataclass(frozen=True)
class Discount:
    """The discount of some lines: `by_line` is what it takes off each, in the order of the lines.

    `refusal` says in a sentence why the code that was typed doesn't apply, `reason` why it doesn't. `other`
    says which coupon would apply too, had this one not saved more: an order has one. `typed` is the coupon
    of the code that was typed.
    """

    coupon: Coupon | None
    by_line: tuple[int, ...]
    refusal: str | None = None
    other: str | None = None
    reason: RefusalReason | None = None
    typed: Coupon | None = None

    @property
    def cents(self) -> int:
        """Sum what it takes off."""
        return sum(self.by_line)


def find(buyer: User | None, lines: Sequence[DiscountLine], code: str, at: datetime) -> Discount:
    """Find the discount of `lines` for `buyer` (None: a guest) at `at`: the code's or an automatic one's.

    Whichever saves more applies. Reads only: what a coupon's limits allow now is asked again by
    `redemptions.reserve`. `code` is what was typed, whatever that is; "" for none.
    """
    nothing = Discount(None, (0,) * len(lines))
    wanted = codes.read(code)
    found = candidates.load(buyer, [line.product for line in lines], wanted, at)
    judged = [_judge(one, buyer, lines, at) for one in found]
    typed = next((one for one in judged if wanted and one.coupon and one.coupon.code == wanted), None)
    automatic = max((one for one in judged if one is not typed and one.cents), key=_saving, default=None)
    if typed is None and code.strip():
        unknown = refusals.unknown(code)
        typed = Discount(None, nothing.by_line, unknown.sentence, reason=unknown.reason)
    if typed is None:
        return automatic or nothing
    if typed.refusal:
        best = automatic or nothing
        return replace(typed, coupon=best.coupon, by_line=best.by_line, typed=typed.coupon)
    best = typed if automatic is None else _better(typed, automatic)
    return replace(best, typed=typed.coupon)


def _saving(discount: Discount) -> tuple[int, int]:
    """Order by what is saved; of equal ones the older coupon wins, so that a page shows the same again."""
    return discount.cents, -discount.coupon.id.int if discount.coupon else 0


def _better(typed: Discount, automatic: Discount) -> Discount:
    """Choose between a code and an automatic coupon that both apply, and name the other."""
    best, other = (typed, automatic) if typed.cents >= automatic.cents else (automatic, typed)
    return Discount(best.coupon, best.by_line, None, _compare(best, other))


def _compare(best: Discount, other: Discount) -> str | None:
    if best.coupon is None or other.coupon is None:
        return None
    currency = settings.current().currency
    saves = "as much as" if best.cents == other.cents else "more than"
    return (
        f"“{best.coupon.label}” saves {money(best.cents, currency)}, {saves} “{other.coupon.label}” with"
        f" {money(other.cents, currency)}. One discount applies to an order."
    )


def _judge(one: Candidate, buyer: User | None, lines: Sequence[DiscountLine], at: datetime) -> Discount:
    """Compute what a coupon takes off, or say why it takes off nothing."""
    coupon, currency = one.coupon, settings.current().currency
    total = sum(line.price_cents for line in lines)
    fits = one.fits(line.product for line in lines)
    prices = [line.price_cents if fit else 0 for line, fit in zip(lines, fits, strict=True)]
    by_line = amounts.take_off(coupon.kind, coupon.value, prices, currency)
    by_line = amounts.leave_a_charge(by_line, prices, total, currency)
    nouns = {kinds.noun(line.product) for line in lines}
    refused = (
        refusals.of_time(coupon, at)
        or (None if any(fits) else refusals.not_for(coupon, nouns, len(lines)))
        or refusals.of_total(coupon, total, currency)
        or refusals.of_uses(coupon, one.uses, buyer)
        or (None if any(by_line) else refusals.saves_nothing(coupon))
    )
    if refused:
        return Discount(coupon, (0,) * len(lines), refused.sentence, reason=refused.reason)
    return Discount(coupon, tuple(by_line))
