"""The money that a dispute holds: the sum of its movements by line of the order, the other way round."""

import uuid
from typing import NamedTuple

from models import Dispute


class Held(NamedTuple):
    """The money of one line that the bank holds, in minor units; all of it is positive."""

    net_cents: int = 0
    tax_cents: int = 0

    @property
    def gross_cents(self) -> int:
        """Add the tax."""
        return self.net_cents + self.tax_cents


def held_by(dispute: Dispute) -> dict[uuid.UUID, Held]:
    """Sum up what `dispute` holds by purchase, from its loaded movements; returned lines are left out."""
    sums: dict[uuid.UUID, Held] = {}
    for movement in dispute.movements:
        for line in movement.lines:
            so_far = sums.get(line.purchase_id, Held())
            sums[line.purchase_id] = Held(
                so_far.net_cents - line.net_cents, so_far.tax_cents - line.tax_cents
            )
    return {purchase_id: held for purchase_id, held in sums.items() if held.gross_cents}
