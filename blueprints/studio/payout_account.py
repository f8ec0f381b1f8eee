"""Routes of the payout account: connect it, go on at Stripe and come back, change it, disconnect it.

No transaction is open while Stripe is asked. Stripe's own pages are reached by links that work once, so they
are made when somebody clicks.
"""

from collections.abc import Callable

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

import payments
from blueprints.studio import bp
from domain import Refused
from domain.base import clock
from domain.payouts import connect, connect_sync
from domain.tax import billing
from models import ConnectAccount, db, write_from_here
from payments import PaymentUnavailable
from web import hypermedia
from web.actions import Attempt
from web.billing_form import country_choices
from web.forms import Form, SelectField
from web.reauthentication import fresh
from web.signed_in import me

BUSY = "Stripe doesn’t answer at the moment. Try again in a minute."
GONE = "Stripe no longer gives us access to this account. Connect again."


class CountryForm(Form):
    """The country in which the account is to be opened."""

    country = SelectField("Country", choices=[], validate_choice=True)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.country.choices = country_choices()


@bp.get("/payouts/account")
def payout_account() -> Response:
    """Show the account at Stripe: its state, what is missing, and what can be done."""
    details = billing.of(me())
    return _page(CountryForm(data={"country": details.country if details is not None else ""}))


@bp.post("/payouts/account/connect")
@fresh
def connect_payout_account() -> Response:
    """Open an account at Stripe in a country, the first one or instead of another, and go there."""
    form = CountryForm()
    if form.validate():
        with Attempt(form, field="country"):
            account = _open(form.country.data or "")
            return _to_onboarding(account.stripe_account_id)
    return _page(form, changing=connect.of(me()) is not None)


@bp.post("/payouts/account/onboarding")
def continue_payout_account() -> Response:
    """Go to Stripe, to give it what it asks for."""
    with Attempt():
        return _to_onboarding(_present().stripe_account_id)
    return hypermedia.see_other(url_for("studio.payout_account"))


@bp.get("/payouts/account/again")
def resume_payout_account() -> Response:
    """Lead back to Stripe with a new link: the one that was followed is used up or too old."""
    account = connect.of(me())
    if account is None:
        return hypermedia.see_other(url_for("studio.payout_account"))
    with Attempt():
        return _to_onboarding(account.stripe_account_id)
    return hypermedia.see_other(url_for("studio.payout_account"))


@bp.get("/payouts/account/back")
def return_to_payout_account() -> Response:
    """Ask Stripe for the account's state on the way back from there: the event may come later or never."""
    account = connect.of(me())
    question = connect_sync.begin(account.stripe_account_id) if account is not None else None
    db.session.commit()
    if question is not None:
        try:
            found = connect_sync.look(question)
        except PaymentUnavailable:
            hypermedia.toast(BUSY, "warn")
        else:
            write_from_here()
            connect_sync.end(question, found)
            db.session.commit()
    return hypermedia.see_other(url_for("studio.payout_account"))


@bp.post("/payouts/account/dashboard")
@fresh
def open_payout_dashboard() -> Response:
    """Go to the account's dashboard at Stripe, where its bank account and payouts are."""
    with Attempt():
        account_id = _present().stripe_account_id
        db.session.commit()
        return hypermedia.leave(_asked(lambda: payments.login_link(account_id)))
    return hypermedia.see_other(url_for("studio.payout_account"))


@bp.route("/payouts/account/disconnect", methods=["GET", "POST"])
@fresh
def disconnect_payout_account() -> Response:
    """Ask whether to disconnect the account, and disconnect it."""
    if request.method == "POST":
        with Attempt() as attempt:
            connect.disconnect(me())
            attempt.say("Disconnected. What you earn stays in your balance until you connect again.")
        return hypermedia.see_other(url_for("studio.payout_account"))
    account = connect.of(me())
    if account is None:
        return hypermedia.see_other(url_for("studio.payout_account"))
    return hypermedia.render("studio/payouts/disconnect.html", account=account)


def _page(form: CountryForm, *, changing: bool = False) -> Response:
    return hypermedia.render(
        "studio/payouts/account.html", status=form.status, form=form, account=connect.of(me()),
        earlier=connect.earlier(me()), changing=changing, is_configured=payments.is_configured(),
    )  # fmt: skip


def _open(country: str) -> ConnectAccount:
    """Open an account and keep it, in two transactions. Raises Refused."""
    opening = connect.plan_opening(me(), country, replaces=connect.of(me()) is not None)
    db.session.commit()
    asked_at = clock.now()
    try:
        found = connect.open_at_stripe(opening)
    except (payments.PaymentUnavailable, payments.KeySpent) as error:
        raise Refused(BUSY) from error
    account = connect.adopt(me(), opening, found, asked_at)
    db.session.commit()
    return account


def _present() -> ConnectAccount:
    account = connect.of(me())
    if account is None:
        raise Refused("There is no account yet. Connect with Stripe first.")
    return account


def _to_onboarding(account_id: str) -> Response:
    """Lead to Stripe's onboarding by a fresh link. Raises Refused."""
    db.session.commit()
    base = current_app.config["SETTINGS"].base_url
    refresh = base + url_for("studio.resume_payout_account")
    back = base + url_for("studio.return_to_payout_account")
    return hypermedia.leave(_asked(lambda: payments.onboarding_link(account_id, refresh, back)))


def _asked(call: Callable[[], str]) -> str:
    """Ask Stripe for a link, and say its refusals in words. Raises Refused."""
    try:
        return call()
    except PaymentUnavailable as error:
        raise Refused(BUSY) from error
    except payments.AccountGone as error:
        raise Refused(GONE) from error
    except payments.PaymentRefused as error:
        raise Refused(f"Stripe refused: {error}") from error
