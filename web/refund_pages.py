"""The page on which admins, and creators where the shop lets them, refund lines of an order.

It has two steps, both on one address: amounts and a reason, then what follows from them, with the button that
does it. Between the two nothing is kept: the second form carries what was typed.
"""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, RadioField, StringField
from wtforms.validators import InputRequired, Length

from domain import Refused
from domain.base import money
from domain.ledger import order_lock
from domain.refunds import preview, requesting
from models import Order, Purchase, RefundCause
from web import hypermedia
from web.actions import Attempt
from web.forms import Form, MoneyField, one_line
from web.signed_in import me

REASONS = {
    "asked": "You asked for it",
    "unhappy": "It wasn’t what you expected",
    "mistake": "It was bought by mistake",
    "trouble": "Something didn’t work",
    "other": "Something else",
}
CONFIRMED, CHANGE = "confirmed", "change"


class RefundForm(Form):
    """A reason, which the buyer reads, and an amount for each line (fields are added by `form_of`)."""

    currency = "usd"
    lines: list[tuple[Purchase, str]] = []

    step = HiddenField(filters=[one_line])
    reason = RadioField(
        "Why", [InputRequired("Choose a reason. The buyer reads it.")], choices=list(REASONS.items())
    )
    words = StringField(
        "In your words",
        [Length(max=requesting.MOST_OF_REASON, message="Use at most 200 characters.")],
        filters=[one_line],
    )

    def amount(self, line: Purchase) -> Any:
        """Return the field of the amount of `line`, None for one that cost nothing."""
        return self._fields.get(f"amount_{line.id.hex}")

    def chosen(self, line: Purchase) -> Any:
        """Return the tick box of `line`."""
        return self._fields[f"line_{line.id.hex}"]

    def said(self) -> str:
        """Return the reason as the buyer reads it. Raises Refused when “something else” has no words."""
        if self.reason.data == "other" and not self.words.data:
            raise Refused("Say what it is. The buyer reads it.", "words")
        return self.words.data or REASONS[self.reason.data]

    def gross(self) -> dict[uuid.UUID, int]:
        """Return the amounts of the ticked lines in minor units by purchase. Raises Refused."""
        found = {}
        for line, name in self.lines:
            if self.chosen(line).data:
                field = self.amount(line)
                if field is not None and field.cents is None:
                    raise Refused("Enter an amount.", f"amount_{name}")
                found[line.id] = field.cents if field is not None else 0
        if not found:
            raise Refused("Choose what to refund.")
        return found


def refundable(order: Order) -> list[Purchase]:
    """List the lines of `order` that something can be refunded of."""
    return [line for line in order.purchases if requesting.is_refundable(line)]


def form_of(order: Order, lines: Sequence[Purchase]) -> RefundForm:
    """Build the form for `lines` of `order`, with what is left of each; a single line is ticked."""
    fields: dict[str, Any] = {"currency": order.currency, "lines": [(line, line.id.hex) for line in lines]}
    for line in lines:
        left = money.plain(line.left_cents, line.currency)
        fields[f"line_{line.id.hex}"] = BooleanField(
            line.product_snapshot["title"], default=len(lines) == 1, false_values=("", "no")
        )
        if line.left_cents:
            fields[f"amount_{line.id.hex}"] = MoneyField("Amount", default=left)
    made: RefundForm = type("OrderRefundForm", (RefundForm,), fields)()
    return made


def answer(
    load: Callable[[], Order],
    choose: Callable[[Order], list[Purchase]],
    cause: RefundCause,
    back: str,
    template: str,
) -> Response:
    """Answer a GET with the form, a POST with what would follow, and a confirmed one by doing it.

    `load` loads the order with everything the page shows, `choose` lists those of its lines that this person
    may refund; `back` is where they came from.
    """
    order = load()
    form = form_of(order, choose(order))
    if form.validate_on_submit() and form.step.data != CHANGE:
        with Attempt(form) as attempt:
            gross, reason = form.gross(), form.said()
            if form.step.data != CONFIRMED:
                follows = preview.of(order, gross)
                return _page(template, order, form, back, follows=follows, reason=reason)
            locked = order_lock.lock(order.id)
            if not set(gross) <= {line.id for line in choose(locked)}:
                raise Refused("This has changed meanwhile. Look at it again.")
            made = requesting.request(locked, gross, reason, cause, me())
            attempt.say(f"{money.money(made.amount_cents, made.currency)} is being refunded.")
            return hypermedia.see_other(back)
        order = load()
        form.lines = [(line, line.id.hex) for line in choose(order) if f"line_{line.id.hex}" in form]
    return _page(template, order, form, back)


def _page(template: str, order: Order, form: RefundForm, back: str, **more: Any) -> Response:
    status = form.status if form.errors else 200
    about: dict[str, Any] = {"order": order, "form": form, "back": back, "follows": None, "reason": ""} | more
    return hypermedia.render(template, status=status, **about)
