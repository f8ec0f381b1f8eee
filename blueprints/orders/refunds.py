"""Routes of asking for a refund: which lines of an order, and why."""

import uuid

from flask import abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from blueprints.orders import bp
from domain.base.money import money
from domain.commerce import orders
from domain.ledger.states import SETTLED
from domain.refunds import requests
from domain.refunds.policy import Outcome
from domain.refunds.requests import MOST_WORDS, REASONS, AlreadyAskedError, Choice
from models import Order, RefundReason, RefundRequest, RequestDecision
from web import hypermedia
from web.actions import Attempt
from web.forms import Form, paragraphs
from web.signed_in import me

ANSWERS = {
    RequestDecision.APPROVED: "Your refund is on its way.",
    RequestDecision.WAITING: "We’ve got your request. Somebody here looks at it and writes to you.",
    RequestDecision.REFUSED: "We don’t refund this. The reason stands below.",
}


class RefundForm(Form):
    """The lines to refund, a reason and words of one's own."""

    lines = SelectMultipleField(
        "What would you like to return?", choices=[], validate_choice=False,
        widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(),
    )  # fmt: skip
    reason = RadioField(
        "Why?",
        [InputRequired("Choose a reason.")],
        choices=[SelectChoice(key.value, text) for key, text in REASONS.items()],
    )
    words = TextAreaField(
        "Tell us more", [Length(max=MOST_WORDS, message=f"Use at most {MOST_WORDS:,} characters.")],
        filters=[paragraphs],
    )  # fmt: skip

    def offer(self, choices: list[Choice]) -> None:
        """Offer the lines: the one that `?line=` names is chosen, or the only one that can be asked for."""
        shown = [one for one in choices if not one.obstacle or self.is_submitted()]
        self.lines.choices = [SelectChoice(str(one.line.id), _named(one)) for one in shown]
        self.offered = {str(one.line.id): one.line.id for one in shown}
        if not self.is_submitted():
            wanted = request.args.get("line", "")
            only = list(self.offered) if len(self.offered) == 1 else []
            self.lines.data = [wanted] if wanted in self.offered else only

    @property
    def line_ids(self) -> list[uuid.UUID]:
        """Return the chosen lines among those that were offered."""
        return [self.offered[value] for value in self.lines.data or [] if value in self.offered]


@bp.route("/orders/<number>/refund", methods=["GET", "POST"])
def ask_for_refund(number: str) -> Response:
    """Ask for a refund of lines of one's own order; the policy answers at once, or a person does."""
    order = _order(number)
    form, choices = RefundForm(), requests.choices(order)
    form.offer(choices)
    if form.validate_on_submit():
        with Attempt(form, silent=True) as attempt:
            asked = requests.ask(
                me(), order, form.line_ids, RefundReason(form.reason.data), form.words.data or ""
            )
            attempt.say(_answer(asked), "good" if _pays(asked) else "info")
            return hypermedia.see_other(url_for("orders.show", number=order.number))
        if isinstance(attempt.refusal, AlreadyAskedError):
            hypermedia.toast(attempt.sentence, "info")
            return hypermedia.see_other(url_for("orders.show", number=number))
        if attempt.refusal is not None:
            form.refuse(attempt.refusal)
        order = _order(number)
        choices = requests.choices(order)
    return hypermedia.render(
        "orders/refund.html", status=form.status, form=form, order=order, choices=choices,
        is_refused=all(one.ruling is None or one.ruling.outcome == Outcome.REFUSE for one in choices),
    )  # fmt: skip


def _order(number: str) -> Order:
    """Load an order of the reader that was paid."""
    order = orders.find(current_user, number)
    if order is None or order.status not in SETTLED or not order.total_cents:
        abort(404)
    requests.load_shares(order)
    return order


def _named(one: Choice) -> str:
    return f"{one.line.product_snapshot['title']}, {money(one.left_cents, one.line.currency)}"


def _answer(asked: list[RefundRequest]) -> str:
    decisions = {one.decision for one in asked}
    if len(decisions) == 1:
        return ANSWERS[decisions.pop()]
    return "We’ve got your request. What happens with each item stands below."


def _pays(asked: list[RefundRequest]) -> bool:
    return any(one.decision == RequestDecision.APPROVED for one in asked)
