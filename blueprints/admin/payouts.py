"""Routes of the payouts: the next run, holds, runs, single payouts with retry and reversal, adjustments."""

import uuid
from functools import partial

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from blueprints.admin.payout_forms import AdjustmentForm, ReversalForm
from domain import Refused
from domain.base import clock, money
from domain.payouts import adjusting, holds, listing, overview, planning, reversing, runs
from domain.platform import audit, settings
from models import Payout, PayoutStatus
from web import hypermedia, payout_statement, payout_words
from web.actions import Attempt
from web.query_args import choice_arg, id_arg
from web.reauthentication import fresh, fresh_page
from web.signed_in import me

SHOWN, HISTORY = 100, 50


@bp.get("/payouts")
def payouts() -> Response:
    """Show what the next run would do, the newest runs, and payouts of one state."""
    state, run = choice_arg("state", PayoutStatus, None), id_arg("run")
    page = listing.payouts(state, after(), run)
    address = partial(url_for, "admin.payouts", state=state, run=run)
    return hypermedia.render(
        "admin/payouts/index.html",
        plan=planning.sums(clock.now()),
        next_day=overview.next_day(),
        runs=listing.runs(),
        refused=listing.count(PayoutStatus.FAILED),
        listing=page,
        state=state,
        run=run,
        statuses=payout_words.STATUSES,
        tabs=[
            ("All", url_for("admin.payouts"), state is None),
            *(
                (payout_words.STATUSES[one][0], url_for("admin.payouts", state=one.value), one == state)
                for one in PayoutStatus
            ),
        ],
        more=address(after=page.after) if page.after else None,
        first=address() if after() else None,
    )


@bp.get("/payouts/plan")
def payout_plan() -> Response:
    """Show whom a run would pay now, and whom not for which reasons: a dry run."""
    found = planning.plan(clock.now(), limit=SHOWN)
    return hypermedia.render(
        "admin/payouts/plan.html", plan=found, sums=planning.sums(clock.now()), words=holds.WORDS,
        most=SHOWN if len(found) == SHOWN else None,
    )  # fmt: skip


@bp.post("/payouts/run")
@fresh
def run_payouts() -> Response:
    """Start a run."""
    with Attempt() as attempt:
        runs.start(me())
        attempt.say("The run has started. The worker pays one creator after the other.")
    return hypermedia.see_other(url_for("admin.payouts"))


@bp.get("/payouts/holds")
def payout_holds() -> Response:
    """List the open holds, newest first, with the next step."""
    page = listing.open_holds(after())
    return hypermedia.render(
        "admin/payouts/holds.html",
        listing=page,
        words=holds.WORDS,
        more=url_for("admin.payout_holds", after=page.after) if page.after else None,
        first=url_for("admin.payout_holds") if after() else None,
    )


@bp.get("/payouts/<uuid:payout_id>")
def payout(payout_id: uuid.UUID) -> Response:
    """Show a payout: its state at Stripe, its statement and its history."""
    return _page(_find(payout_id))


@bp.get("/payouts/<uuid:payout_id>/statement.csv")
@fresh_page
def payout_file(payout_id: uuid.UUID) -> Response:
    """Export every line of a payout as CSV."""
    return payout_statement.file_of(_find(payout_id))


@bp.get("/payouts/<uuid:payout_id>/document.pdf")
def payout_document(payout_id: uuid.UUID) -> Response:
    """Serve the document of a payout."""
    return payout_statement.document_of(_find(payout_id))


@bp.post("/payouts/<uuid:payout_id>/retry")
@fresh
def retry_payout(payout_id: uuid.UUID) -> Response:
    """Try a refused payout again."""
    with Attempt() as attempt:
        runs.retry(_find(payout_id), me())
        attempt.say("The worker tries again.")
    return hypermedia.see_other(url_for("admin.payout", payout_id=payout_id))


@bp.route("/payouts/<uuid:payout_id>/reverse", methods=["GET", "POST"])
@fresh
def reverse_payout(payout_id: uuid.UUID) -> Response:
    """Take money of a payout back: a preview of the balances first, then the reversal."""
    row = _find(payout_id)
    form = ReversalForm(row.currency)
    if form.validate_on_submit():
        cents = form.amount.cents or 0
        if form.confirmed.data:
            with Attempt(form) as attempt:
                reversing.request(row, cents, form.reason.data or "", me())
                attempt.say("Stripe is asked to take it back.")
                return hypermedia.see_other(url_for("admin.payout", payout_id=payout_id))
        elif cents > reversing.left_cents(row):
            form.refuse(Refused(f"At most {money.money(reversing.left_cents(row), row.currency)}."), "amount")
        else:
            return _reversal(payout_id, form, adjusting.preview(row.creator, cents, row.currency))
    return _reversal(payout_id, form)


@bp.route("/payouts/adjust", methods=["GET", "POST"])
@fresh
def adjust_balance() -> Response:
    """Book an amount for or against a creator: a preview of the balances first, then the adjustment."""
    form = AdjustmentForm(settings.current().currency)
    if form.validate_on_submit():
        creator = listing.creator_of(form.creator.data or "")
        if creator is None:
            form.refuse(Refused("No creator has this address."), "creator")
        elif form.confirmed.data:
            with Attempt(form) as attempt:
                adjusting.adjust(creator, form.cents, form.currency, form.reason.data or "", me())
                attempt.say(f"{creator.name}’s balance is adjusted.")
                return hypermedia.see_other(url_for("admin.payouts"))
        elif not form.cents:
            form.refuse(Refused("Enter an amount of more than 0."), "amount")
        else:
            change = adjusting.preview(creator, form.cents, form.currency)
            return _adjustment(form, change, creator.name)
    return _adjustment(form)


def _adjustment(form: AdjustmentForm, change: adjusting.Change | None = None, name: str = "") -> Response:
    status = 200 if change is not None else form.status
    return hypermedia.render("admin/payouts/adjust.html", status=status, form=form, change=change, name=name)


def _reversal(payout_id: uuid.UUID, form: ReversalForm, change: adjusting.Change | None = None) -> Response:
    row = _find(payout_id)
    return hypermedia.render(
        "admin/payouts/reverse.html", status=200 if change is not None else form.status, form=form,
        payout=row, change=change, left=reversing.left_cents(row),
    )  # fmt: skip


def _find(payout_id: uuid.UUID) -> Payout:
    return listing.find(payout_id) or abort(404)


def _page(row: Payout) -> Response:
    return hypermedia.render(
        "admin/payouts/show.html",
        left=reversing.left_cents(row),
        history=audit.history_of("payout", row.id, HISTORY),
        **payout_statement.shown(row),
    )
