"""Decisions on an item of the moderation queue, and on the course and the creator it shows."""

import uuid

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.moderation import back_to, go_on, kind, save_notes, show
from blueprints.admin.moderation_forms import DecisionForm
from domain import Refused
from domain.catalog import featured
from domain.moderation import decisions, review_verdicts, undoable_decisions
from domain.people import directory
from domain.platform import moderation_queue
from models import ModerationKind, Verdict, db
from web import hypermedia
from web.actions import Attempt
from web.forms import SwitchForm
from web.reauthentication import challenge, fresh, is_fresh
from web.signed_in import me


@bp.post("/moderation/<uuid:item_id>/decide")
def moderation_decide(item_id: uuid.UUID) -> Response:
    """Decide the item and open the next one; 409 while another admin has claimed it.

    A decision sent a moment after the page opened is refused: it was probably a second press of the same key,
    meant for the item before.
    """
    item, form = moderation_queue.find(item_id), DecisionForm()
    if not form.validate_on_submit():
        return show(item_id, form, 422)
    if form.is_too_soon:
        form.refuse(Refused("That was very quick, so nothing was decided. Check it first, then decide."))
        return show(item_id, form, 422)
    if _is_grave(item.kind, form.decision.verdict) and not is_fresh() and (away := challenge()) is not None:
        return away
    with Attempt(form) as attempt:
        said = undoable_decisions.schedule(item, me(), form.decision, form.seen.data or "")
        following = moderation_queue.claim_next(me(), kind(), behind=item)
    if attempt.refusal is not None:
        save_notes(moderation_queue.find(item_id))
        db.session.commit()
        claimed = isinstance(attempt.refusal, moderation_queue.ClaimedByOther)
        return show(item_id, form, 409 if claimed else 422)
    hypermedia.toast(
        f"{said} It takes effect in ten seconds.",
        undo=url_for("admin.moderation_take_back", item_id=item_id, kind=kind()),
        seconds=undoable_decisions.WINDOW.seconds,
    )
    return go_on(following)


def _is_grave(kind: ModerationKind, verdict: Verdict) -> bool:
    """Tell whether a verdict makes somebody a creator or pays money back, which asks for a fresh proof."""
    return verdict == Verdict.APPROVED and kind in (ModerationKind.APPLICATION, ModerationKind.REFUND)


@bp.post("/moderation/<uuid:item_id>/take-back")
def moderation_take_back(item_id: uuid.UUID) -> Response:
    """Undo a decision within the grace period, before it takes effect."""
    item = moderation_queue.find(item_id)
    with Attempt() as attempt:
        undoable_decisions.undo(item, me())
        attempt.say("Undone. It’s back in the queue for you to decide.")
    return back_to(item_id)


@bp.post("/moderation/<uuid:item_id>/restore")
def moderation_restore(item_id: uuid.UUID) -> Response:
    """Show a review or reply again that this decision has hidden."""
    item = moderation_queue.find(item_id)
    with Attempt() as attempt:
        review_verdicts.restore(item, me())
        attempt.say("It’s visible again.")
    return back_to(item_id)


@bp.post("/moderation/<uuid:item_id>/feature")
def moderation_feature(item_id: uuid.UUID) -> Response:
    """Feature the course on the home page, or stop featuring it."""
    item = moderation_queue.find(item_id)
    course = decisions.course_of(item) or abort(404)
    form = SwitchForm()
    if (wrong := save_notes(item)) is not None:
        return wrong
    featured.feature(course, me(), form.on.data)
    said = f"“{course.title}” is {'featured' if course.featured else 'no longer featured'}."
    db.session.commit()
    hypermedia.toast(said)
    return back_to(item_id)


@bp.post("/moderation/<uuid:item_id>/vet")
@fresh
def moderation_vet(item_id: uuid.UUID) -> Response:
    """Vet the creator, so that what they publish goes live without a review, or withdraw that."""
    item, form = moderation_queue.find(item_id), SwitchForm()
    creator = directory.find(item.creator_id) if item.creator_id else None
    if (wrong := save_notes(item)) is not None:
        return wrong
    db.session.commit()
    with Attempt() as attempt:
        directory.vet(creator or abort(404), form.on.data, me())
        attempt.say(
            "This creator is now trusted. Anything already in the queue still needs a decision."
            if form.on.data
            else "This creator is no longer trusted."
        )
    return back_to(item_id)
