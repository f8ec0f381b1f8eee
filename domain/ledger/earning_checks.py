"""Consistency checks of the creators' ledger: each share was credited once, and each entry has its key."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from domain.ledger.findings import hex_of, listed
from domain.ledger.states import BOUGHT
from models import Earning, Purchase, PurchaseShare, PurchaseStatus

OF_SHARES = ("sale", "refund", "undo", "dispute")


def earnings_match() -> list[str]:
    """Check that each share of a paid purchase was credited to its creator once, and no other.

    Of a refunded one nothing is left.
    """
    credited = func.coalesce(func.sum(case((_is_sale(), Earning.amount_cents), else_=0)), 0)
    left = func.coalesce(func.sum(Earning.amount_cents), 0)
    due = case((Purchase.status.in_(BOUGHT), PurchaseShare.creator_amount_cents), else_=0)
    query = (
        select(Purchase.id, due, credited, left)
        .select_from(PurchaseShare)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .outerjoin(Earning, Earning.share_id == PurchaseShare.id)
        .group_by(Purchase.id, PurchaseShare.id)
        .having(or_(credited != due, left < 0, and_(Purchase.status == PurchaseStatus.REFUNDED, left != 0)))
    )
    strange = (
        select(Earning.id)
        .join(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .where(or_(Earning.currency != Purchase.currency, Earning.creator_id != PurchaseShare.creator_id))
    )
    return listed(query, "purchase {}: the creator's share is {}, credited is {}, left is {}") + listed(
        strange, "earning {} is of another currency or creator than its share"
    )


def earnings_have_keys() -> list[str]:
    """Check that the key of each earning names what it is: of a share the share, of none itself.

    `undo:<earning>` is how a sale was lowered before there were refund lines.
    """
    share, own = hex_of(Earning.share_id), hex_of(Earning.id)
    belongs = Earning.share_id.is_not(None)
    of_share = and_(
        or_(*(Earning.key.startswith(f"{kind}:") for kind in OF_SHARES)), Earning.key.endswith(share)
    )
    fits = or_(
        and_(belongs, _is_sale(), Earning.key == "sale:" + share, Earning.amount_cents > 0),
        and_(belongs, ~_is_sale(), of_share),
        and_(belongs, Earning.key == "undo:" + own),
        and_(~belongs, Earning.key == "adjust:" + own),
        and_(~belongs, or_(Earning.key.startswith("vat:"), Earning.key.startswith("carry:"))),
    )
    wrong = select(Earning.id, Earning.key).where(~func.coalesce(fits, false()))
    return listed(wrong, "earning {} has the key {}")


CHECKS: dict[str, Callable[[], list[str]]] = {
    "creators were credited their share, once": earnings_match,
    "earnings have the keys of what they are": earnings_have_keys,
}


def _is_sale() -> ColumnElement[bool]:
    return Earning.key.startswith("sale:")
