"""Lines that can't be delivered when their payment comes in: their money goes back, the others are delivered.

What was taken off sale meanwhile is delivered: the buyer has paid for what was offered.
"""

from domain.ledger import sold_again
from models import Order, Purchase


def lines(order: Order) -> list[Purchase]:
    """List the lines whose product was deleted, or that were bought through another order meanwhile.

    The order must be locked, with its lines and products loaded.
    """
    bought = sold_again.among(order.purchases)
    return [line for line in order.purchases if line.product.deleted_at is not None or line.id in bought]
