"""Routes of disputes: the list, one dispute, and the answer to the bank."""

import uuid
from typing import Any

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from blueprints.admin.dispute_forms import EvidenceForm, SendForm
from domain.disputes import answers, listing, states
from domain.disputes.evidence_fields import FIELDS
from domain.disputes.listing import DisputeState
from models import Dispute
from web import hypermedia
from web.actions import Attempt
from web.csv_downloads import attached
from web.query_args import choice_arg
from web.reauthentication import fresh
from web.signed_in import me

STATES = {
    None: "All",
    DisputeState.TO_ANSWER: "To answer",
    DisputeState.WAITING: "With the bank",
    DisputeState.CLOSED: "Closed",
}


@bp.app_template_global("dispute_words")
def dispute_words(dispute: Dispute) -> tuple[str, str]:
    """Return the word and the tone of a dispute's state."""
    said = states.words(dispute.status)
    return said.text, said.tone


@bp.get("/disputes")
def disputes() -> Response:
    """List the disputes of a state, newest first."""
    state = choice_arg("state", DisputeState, None)
    page = listing.page(state, after())
    return hypermedia.render(
        "admin/disputes/index.html",
        listing=page,
        reason=states.reason,
        state=state,
        tabs=[
            (name, url_for("admin.disputes", state=one.value if one else None), one == state)
            for one, name in STATES.items()
        ],
        more=url_for("admin.disputes", state=state, after=page.after) if page.after else None,
        first=url_for("admin.disputes", state=state) if after() else None,
    )


@bp.get("/disputes/<uuid:dispute_id>")
def dispute(dispute_id: uuid.UUID) -> Response:
    """Show a dispute: its state, what moved, and the draft of the answer."""
    found = _dispute(dispute_id)
    return _page(found, EvidenceForm.of(found))


@bp.post("/disputes/<uuid:dispute_id>/collect")
def collect_evidence(dispute_id: uuid.UUID) -> Response:
    """Fill the answer from our own records."""
    found = _dispute(dispute_id)
    with Attempt() as attempt:
        answers.collect(found, me())
        attempt.say("The evidence is collected. Read it before you send it.")
    return hypermedia.see_other(url_for("admin.dispute", dispute_id=dispute_id, _anchor="answer"))


@bp.post("/disputes/<uuid:dispute_id>/answer")
def save_answer(dispute_id: uuid.UUID) -> Response:
    """Save the draft; the other button of the form goes on to the page that sends it."""
    found = answers.locked(dispute_id) or abort(404)
    form = EvidenceForm.of(found)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            answers.save(found, form.texts(), me())
            if form.send.data:
                return hypermedia.see_other(url_for("admin.send_answer", dispute_id=dispute_id))
            attempt.say("Saved.")
            return hypermedia.see_other(url_for("admin.dispute", dispute_id=dispute_id, _anchor="answer"))
    return _page(_dispute(dispute_id), form, form.status)


@bp.route("/disputes/<uuid:dispute_id>/send", methods=["GET", "POST"])
@fresh
def send_answer(dispute_id: uuid.UUID) -> Response:
    """Show the whole answer, and send it to the bank for good."""
    found = _dispute(dispute_id)
    # A POST without a version has read none: no default for it.
    read = {} if request.method == "POST" else {"version": str(found.evidence_version)}
    form = SendForm(data=read)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            answers.send(found, form.version.data or "", me())
            attempt.say("The answer is on its way to the bank.")
            return hypermedia.see_other(url_for("admin.dispute", dispute_id=dispute_id))
        found = _dispute(dispute_id)
    return hypermedia.render(
        "admin/disputes/send.html", status=form.status, dispute=found, form=form, fields=FIELDS,
        refusal=answers.refusal(found),
    )  # fmt: skip


@bp.get("/disputes/<uuid:dispute_id>/evidence.pdf")
def dispute_pdf(dispute_id: uuid.UUID) -> Any:
    """Send the draft as a PDF."""
    from domain.disputes import evidence_pdf  # noqa: PLC0415 - its library takes half a second to import

    found = _dispute(dispute_id)
    if not found.evidence:
        abort(404)
    name = f"evidence-{found.order.number}.pdf"
    return attached(name, "application/pdf", iter([evidence_pdf.render(found)]))


def _dispute(dispute_id: uuid.UUID) -> Dispute:
    return listing.find(dispute_id) or abort(404)


def _page(found: Dispute, form: EvidenceForm, status: int = 200) -> Response:
    return hypermedia.render(
        "admin/disputes/show.html",
        status=status,
        file=listing.details_of(found),
        words=states.words(found.status),
        reason=states.reason(found),
        is_answerable=states.is_answerable(found),
        form=form,
        fields=FIELDS,
    )
