"""Consents that the shop asks buyers for: to its terms, and to delivery that begins at once."""

from typing import NamedTuple

from sqlalchemy import select

from domain import Refused
from domain.base import clock
from domain.platform import settings
from models import Order, OrderConsent, OrderConsentKind, db, upsert


class Given(NamedTuple):
    """The boxes that a buyer ticked, none of which is ticked before."""

    terms: bool = False
    delivery: bool = False


class Asked(NamedTuple):
    """A consent that is asked for: the name of its field, its words and their version."""

    kind: OrderConsentKind
    wording: str
    version: int


NONE = Given()
_MISSING = {
    OrderConsentKind.TERMS: "Agree to the terms to go on.",
    OrderConsentKind.DELIVERY: "Say that you want access now: it’s how these are delivered.",
}


def asked() -> list[Asked]:
    """List the consents that the shop asks for now, by its settings."""
    site = settings.current()
    found = []
    if site.ask_terms:
        found.append(Asked(OrderConsentKind.TERMS, site.terms_text, site.terms_version))
    if site.ask_delivery:
        found.append(Asked(OrderConsentKind.DELIVERY, site.delivery_text, site.delivery_version))
    return found


def refuse_unless_given(given: Given) -> None:
    """Raise Refused, beside its field, for a consent that is asked for and wasn't given."""
    for one in asked():
        if not getattr(given, one.kind.value):
            raise Refused(_MISSING[one.kind], one.kind.value)


def record(order: Order) -> None:
    """Keep what the buyer of an order agreed to last, with the words of this moment."""
    now = clock.now()
    for one in asked():
        values = {"version": one.version, "wording": one.wording, "given_at": now}
        row = upsert(OrderConsent).values(order_id=order.id, kind=one.kind, **values)
        db.session.execute(row.on_conflict_do_update(index_elements=["order_id", "kind"], set_=values))


def repeat(order: Order) -> list[str]:
    """Note that the receipt repeats what the buyer of `order` agreed to; answers the words of each."""
    given = db.session.scalars(
        select(OrderConsent).where(OrderConsent.order_id == order.id).order_by(OrderConsent.kind)
    ).all()
    for one in given:
        one.repeated_at = one.repeated_at or clock.now()
    return [one.wording for one in given]
