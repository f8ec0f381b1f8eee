"""Routes of who gave and received: the lists, and the page of one gift."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.gifts import mine
from blueprints.gifts.forms import AddressForm, PlannedGiftForm
from domain.catalog import kinds
from domain.gifts import giving, terms
from domain.gifts.giving import GiftState
from models import Gift
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm, Form
from web.signed_in import me


@mine.get("/gifts")
def index() -> Response:
    """List the gifts that the reader gave, and those they received."""
    after = request.args.get("after", "")
    listing = giving.list_given(me(), after)
    return hypermedia.render(
        "gifts/index.html", listing=listing, is_first=not after, state=giving.state,
        received=[] if after else giving.list_received(me()), entrance=kinds.entrance,
    )  # fmt: skip


@mine.get("/gifts/given/<uuid:purchase_id>")
def show(purchase_id: uuid.UUID) -> Response:
    """Show a gift to whoever gave it, or passed it on: its state, and what they can do."""
    return _show(giving.given_by(me(), purchase_id))


@mine.post("/gifts/given/<uuid:purchase_id>")
def correct(purchase_id: uuid.UUID) -> Response:
    """Correct the address, and before it is sent message and day too."""
    gift = giving.lock_given(me(), purchase_id)
    form = _form_of(gift)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            giving.correct(me(), purchase_id, _wanted(gift, form))
            attempt.say("Saved." if gift.sent_at is None else f"It’s on its way to {gift.recipient}.")
            return hypermedia.leave(url_for("my_gifts.show", purchase_id=purchase_id))
        gift = giving.given_by(me(), purchase_id)
    return _show(gift, form)


@mine.post("/gifts/given/<uuid:purchase_id>/resend")
def resend(purchase_id: uuid.UUID) -> Response:
    """Mail the claim link again."""
    form = ButtonForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            gift = giving.resend(me(), purchase_id)
            attempt.say(f"It’s on its way to {gift.recipient} again.")
            return hypermedia.leave(url_for("my_gifts.show", purchase_id=purchase_id))
    return _show(giving.given_by(me(), purchase_id), button=form)


@mine.post("/gifts/given/<uuid:purchase_id>/keep")
def keep(purchase_id: uuid.UUID) -> Response:
    """Give what nobody has accepted for a year to the giver."""
    form = ButtonForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            gift = giving.keep(me(), purchase_id)
            attempt.say("It’s yours. Enjoy it!")
            return hypermedia.leave(kinds.entrance(gift.purchase.product).path)
    return _show(giving.given_by(me(), purchase_id), button=form)


def _form_of(gift: Gift) -> Form:
    """Build the form by which `gift` is addressed: once it was sent, only its address changes."""
    return PlannedGiftForm(obj=gift) if gift.sent_at is None else AddressForm()


def _wanted(gift: Gift, form: Form) -> terms.GiftTerms:
    if isinstance(form, PlannedGiftForm):
        typed = form.recipient.data or "", form.message.data or "", form.deliver_on.data
        return terms.check(*typed, giver=me())
    recipient = terms.address(form.data["recipient"] or "", me())
    return terms.GiftTerms(recipient, gift.message, gift.deliver_on)


def _show(gift: Gift, form: Form | None = None, button: Form | None = None) -> Response:
    state, is_mine = giving.state(gift), giving.is_addressed_by(me(), gift)
    is_passed_on = gift.sender_id != gift.purchase.user_id
    waits = is_mine and state in (GiftState.PLANNED, GiftState.SENT)
    sent = form or button
    return hypermedia.render(
        "gifts/given.html", status=sent.status if sent else 200, gift=gift, state=state.value,
        is_mine=is_mine, may_keep=giving.may_keep(me(), gift), refused=button or (None if waits else form),
        form=(form or _form_of(gift)) if waits else None, is_passed_on=is_passed_on,
    )  # fmt: skip
