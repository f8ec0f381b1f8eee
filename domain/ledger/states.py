"""The states in which money has moved: of an order, and of a line that was bought in it."""

from models import OrderStatus, PurchaseStatus

# Orders that were paid, whatever came of them. A line counts as bought also once it was refunded: the refund
# is a movement of its own.
SETTLED = (OrderStatus.COMPLETED, OrderStatus.REFUNDED, OrderStatus.PARTIALLY_REFUNDED)
BOUGHT = (PurchaseStatus.COMPLETED, PurchaseStatus.REFUNDED)
