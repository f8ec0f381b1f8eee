"""The history of prices, and what a sale is compared with: the lowest price of the 30 days before it.

Whoever announces a lower price has to name that one (EU directive 98/6/EC, Art. 6a). It is fixed when the
sale begins, so time alone doesn't change it. `change` is the only function that changes a price or a sale.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update

from domain.base import clock
from models import PriceChange, Product, db, upsert

COMPARED = timedelta(days=30)
products, changes = Product.__table__, PriceChange.__table__


def change(
    product: Product, price_cents: int, sale_price_cents: int | None, sale_ends_at: datetime | None
) -> None:
    """Set price and sale of `product` from now on, and write its history. It is locked.

    A product that was never on sale has no history before what it costs now. One that came with its price,
    as imports do, has it from when it was published.
    """
    now, came_with = clock.now(), _unwritten(product, clock.now())
    product.price_cents = price_cents
    product.sale_price_cents, product.sale_ends_at = sale_price_cents, sale_ends_at
    db.session.flush()
    is_draft = product.published_at is None
    gone = delete(PriceChange).where(PriceChange.product_id == product.id)
    db.session.execute(gone if is_draft else gone.where(PriceChange.applies_from > now))
    in_force = _price_before(product, now)
    if in_force is None and not is_draft:
        for moment, in_force in came_with:
            _write(product, moment, in_force)
    if in_force != product.price_at(now):
        _write(product, now, product.price_at(now))
    if sale_ends_at is not None and sale_ends_at > now:
        _write(product, sale_ends_at, price_cents)
    written = [(row[1], row[2]) for row in db.session.execute(_history().where(products.c.id == product.id))]
    product.reference_price_cents = reference(written, sale_price_cents, sale_ends_at)
    db.session.flush()


def relabel(currency: str) -> None:
    """Set the currency of every row, with that of all products."""
    db.session.execute(update(PriceChange).values(currency=currency))


def recount() -> int:
    """Compute anew what every sale is compared with; answers how many products were wrong."""
    asked = or_(products.c.sale_ends_at.is_not(None), products.c.reference_price_cents.is_not(None))
    columns = (products.c.id, products.c.sale_price_cents, products.c.sale_ends_at)
    rows = db.session.execute(select(*columns, products.c.reference_price_cents).where(asked)).all()
    history: dict[uuid.UUID, list[tuple[datetime, int]]] = {}
    for product_id, moment, cents in db.session.execute(_history().where(asked)):
        history.setdefault(product_id, []).append((moment, cents))
    wrong = 0
    for id_, sale, ends, stored in rows:
        true_ = reference(history.get(id_, []), sale, ends)
        if true_ != stored:
            values = {"reference_price_cents": true_, "updated_at": clock.now()}
            db.session.execute(update(Product).where(products.c.id == id_).values(values))
            wrong += 1
    return wrong


def reference(
    history: list[tuple[datetime, int]], sale_price_cents: int | None, sale_ends_at: datetime | None
) -> int | None:
    """Find what a sale is compared with: the lowest of earlier prices, if it is higher; None otherwise.

    `history` holds the changes of the product, oldest first. The sale began at the last change before it
    ends. Compared are the prices set in the 30 days before, and the one in force when these began.
    """
    if sale_price_cents is None or sale_ends_at is None:
        return None
    until = [(moment, cents) for moment, cents in history if moment < sale_ends_at]
    if not until or until[-1][1] != sale_price_cents:
        return None
    *earlier, (began, _) = until
    since = began - COMPARED
    in_force = [cents for moment, cents in earlier if moment <= since][-1:]
    lowest = min((*in_force, *(cents for moment, cents in earlier if moment > since)), default=0)
    return lowest if lowest > sale_price_cents else None


def _history() -> Select[uuid.UUID, datetime, int]:
    return (
        select(changes.c.product_id, changes.c.applies_from, changes.c.price_cents)
        .join(products, products.c.id == changes.c.product_id)
        .order_by(changes.c.product_id, changes.c.applies_from)
    )


def _unwritten(product: Product, now: datetime) -> list[tuple[datetime, int]]:
    """List the prices of a published product without a history: its own, and that of its sale before."""
    began, ends = product.published_at or now, product.sale_ends_at
    after = [(ends, product.price_cents)] if ends is not None and began < ends <= now else []
    return [(began, product.price_at(began)), *after]


def _price_before(product: Product, moment: datetime) -> int | None:
    query = select(PriceChange.price_cents).where(
        PriceChange.product_id == product.id, PriceChange.applies_from <= moment
    )
    return db.session.scalar(query.order_by(PriceChange.applies_from.desc()).limit(1))


def _write(product: Product, moment: datetime, cents: int) -> None:
    row = upsert(PriceChange).values(
        product_id=product.id, applies_from=moment, price_cents=cents, currency=product.currency
    )
    same = {"price_cents": cents, "currency": product.currency}
    db.session.execute(row.on_conflict_do_update(index_elements=["product_id", "applies_from"], set_=same))
