"""Routes of the claim link: its page, claiming, passing on and exchanging.

A post of a link that isn't valid counts as a guess, and a network that guesses too often is refused.
"""

import uuid
from contextlib import suppress

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.gifts import bp
from blueprints.gifts.forms import ExchangeForm, PassOnForm
from domain import InvalidToken
from domain.base.money import money
from domain.catalog import kinds
from domain.gifts import claiming, exchange, terms
from domain.gifts.claiming import Standing
from domain.people import rate_limits
from models import Gift, db
from web import guards, hypermedia
from web.actions import Attempt
from web.forms import ButtonForm, Form
from web.signed_in import me, reader


@bp.get("/gifts/claim/<token>")
def claim(token: str) -> Response:
    """Show what somebody is given, and by whom, to whoever has the link."""
    return _show(token)


@bp.post("/gifts/claim/<token>")
def accept(token: str) -> Response:
    """Give it to the person signed in."""
    if (away := guards.ask_to_sign_in()) is not None:
        return away
    form = ButtonForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            gift = claiming.claim(me(), token)
            attempt.say("It’s yours. Enjoy it!")
            return hypermedia.leave(kinds.entrance(gift.purchase.product).path)
    return _show(token, form)


@bp.post("/gifts/claim/<token>/pass-on")
def pass_on(token: str) -> Response:
    """Send it to somebody else, for a receiver who has it already."""
    if (away := guards.ask_to_sign_in()) is not None:
        return away
    form = PassOnForm()
    if form.validate_on_submit():
        with Attempt(form, "recipient") as attempt:
            gift = claiming.pass_on(me(), token, form.recipient.data or "", form.message.data or "")
            attempt.say(f"It’s on its way to {gift.recipient}.")
            return hypermedia.leave(url_for("my_gifts.show", purchase_id=gift.purchase_id))
    return _show(token, passing=form)


@bp.post("/gifts/claim/<token>/exchange")
def swap(token: str) -> Response:
    """Give another product of the same creator to a receiver who has this one already."""
    if (away := guards.ask_to_sign_in()) is not None:
        return away
    form = _choices(claiming.find(token))
    if form.validate_on_submit():
        with Attempt(form, "product") as attempt:
            gift = exchange.exchange(me(), token, uuid.UUID(form.product.data))
            attempt.say("It’s yours. Enjoy it!")
            return hypermedia.leave(kinds.entrance(gift.purchase.product).path)
    return _show(token, swapping=form)


@bp.before_request
def refuse_guessing() -> None:
    """Refuse a network that has tried too many links, even a valid one. Raises TooManyAttempts."""
    if "token" in (request.view_args or {}):
        rate_limits.refuse_spent(_limits())


@bp.errorhandler(InvalidToken)
def unusable(refusal: InvalidToken) -> Response:
    """Say why a link isn't valid (410); a post of it counts as a guess."""
    db.session.rollback()
    if request.method == "POST":
        with suppress(rate_limits.TooManyAttempts):
            rate_limits.begin(_limits())
        db.session.commit()
    return hypermedia.render("gifts/unusable.html", status=410, sentence=refusal.sentence)


def _limits() -> tuple[rate_limits.AttemptLimit, ...]:
    return rate_limits.gift_link_limits(request.remote_addr or "")


def _show(
    token: str, form: Form | None = None, passing: PassOnForm | None = None, swapping: Form | None = None
) -> Response:
    """Render the page of a claim link, with the form that was refused. Raises InvalidToken."""
    person, gift = reader(), claiming.find(token)
    standing = claiming.standing(gift, person)
    product = gift.purchase.product
    has = standing == Standing.HAS
    sent = form or passing or swapping
    return hypermedia.render(
        "gifts/claim.html", status=sent.status if sent else 200, gift=gift, product=product, token=token,
        standing=standing.value, sentence=claiming.SENTENCES.get(standing), form=form or ButtonForm(),
        sender=terms.signature(gift.sender), passing=(passing or PassOnForm()) if has else None,
        swapping=(swapping or _choices(gift)) if has else None, way=kinds.entrance(product),
        lock=kinds.kind_of(product).lock(person, product) if person else None,
    )  # fmt: skip


def _choices(gift: Gift) -> ExchangeForm:
    """Build the form of what the person signed in may take instead."""
    form = ExchangeForm()
    form.product.choices = [
        (str(product.id), f"{product.title}, {money(cents, product.currency)}")
        for product, cents in exchange.choices(gift, me())
    ]
    return form
