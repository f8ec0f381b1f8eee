"""The moderation queue, its history, and the review page of an item."""

import uuid
from typing import Any

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from blueprints.admin.moderation_forms import ClaimForm, DecisionForm
from domain import Refused
from domain.base import clock
from domain.base.pagination import Page
from domain.community import reviews
from domain.moderation import (
    bundle_review,
    decisions,
    page_comparison,
    refund_review,
    review_page,
    undoable_decisions,
    verdicts,
)
from domain.platform import moderation_queue
from domain.platform.moderation_queue import QueueRow
from models import ModerationItem, ModerationKind, Report, db
from web import hypermedia
from web.actions import Attempt
from web.query_args import choice_arg
from web.signed_in import me

KINDS = {
    ModerationKind.COURSE: "Courses",
    ModerationKind.UPDATE: "Updates",
    ModerationKind.REVIEW: "Reviews",
    ModerationKind.REPLY: "Replies",
    ModerationKind.REPORT: "Reports",
    ModerationKind.APPLICATION: "Applications",
    ModerationKind.REFUND: "Refunds",
}


@bp.get("/moderation")
def moderation() -> Response:
    """List the pending items, oldest first."""
    page = moderation_queue.queue(kind(), after())
    return hypermedia.render(
        "admin/moderation/queue.html",
        listing=page,
        kinds=KINDS,
        kind=kind(),
        counts=moderation_queue.counts(),
        counted=moderation_queue.COUNTED,
        more=_next("admin.moderation", page),
        first=url_for("admin.moderation") + place() if after() else None,
    )


@bp.get("/moderation/history")
def moderation_history() -> Response:
    """List the decided items, latest first."""
    page = moderation_queue.history(kind(), after())
    return hypermedia.render(
        "admin/moderation/history.html",
        listing=page,
        kinds=KINDS,
        kind=kind(),
        more=_next("admin.moderation_history", page),
        first=url_for("admin.moderation_history") + place() if after() else None,
    )


@bp.get("/moderation/<uuid:item_id>")
def moderation_item(item_id: uuid.UUID) -> Response:
    """Show the review page of an item; ?lesson= opens one of the course's lessons."""
    return show(item_id, DecisionForm())


@bp.post("/moderation/next")
def moderation_next() -> Response:
    """Claim the oldest pending item and open it."""
    following = moderation_queue.claim_next(me(), kind())
    db.session.commit()
    return go_on(following)


@bp.post("/moderation/<uuid:item_id>/claim")
def moderation_claim(item_id: uuid.UUID) -> Response:
    """Claim an item; `takeover` takes it from another admin. Notes sent along are filled into its form."""
    item, form = moderation_queue.find(item_id), ClaimForm()
    with Attempt():
        moderation_queue.claim(item, me(), form.takeover.data)
    typed = DecisionForm()
    if typed.notes.data:
        return show(item_id, typed)
    return back_to(item_id)


@bp.post("/moderation/<uuid:item_id>/skip")
def moderation_skip(item_id: uuid.UUID) -> Response:
    """Release the claim and open the next item; notes sent along are kept."""
    item = moderation_queue.find(item_id)
    if (wrong := save_notes(item)) is not None:
        return wrong
    moderation_queue.release_claim(item, me())
    following = moderation_queue.claim_next(me(), kind(), behind=item)
    db.session.commit()
    return go_on(following)


def save_notes(item: ModerationItem) -> Response | None:
    """Save the notes that were sent with a button beside the decision form; too long, the page again (422).

    The caller commits: before its own action where that may be refused, so that the notes are kept then too.
    """
    form = DecisionForm()
    if form.notes.raw_data and not form.notes.validate(form):
        return show(item.id, form, 422)
    if form.notes.raw_data:
        moderation_queue.save_notes(item, me(), form.notes.data or "")
    return None


def show(item_id: uuid.UUID, form: DecisionForm, status: int = 200) -> Response:
    """Render the review page of an item with its form."""
    frame = review_page.load_header(item_id) or abort(404)
    file = _file(frame.item)
    notes, kept_at = moderation_queue.saved_notes(frame.item, me())
    if not form.is_submitted():
        form.notes.data = notes
    if form.errors and not form.form_errors and (why := _why_undecidable(frame, file["file"])):
        form.refuse(Refused(why))  # there is no field that the errors could stand beside
    opens = isinstance(file["file"], review_page.CourseReview)
    return hypermedia.render(
        "admin/moderation/item.html",
        "admin/moderation/_course.html" if opens else None,
        status=status,
        frame=frame,
        item=frame.item,
        form=form,
        mine=frame.item.claimed_by == me().id,
        kinds=KINDS,
        reasons=verdicts.REASONS,
        is_hidden=reviews.is_hidden,
        kept_at=kept_at,
        opened=int(clock.now().timestamp() * 1000),
        can_take_back=_can_take_back(frame.item),
        lapsed=undoable_decisions.lapsed(frame.item),
        place=place(),
        opens=opens,
        of_bundle=isinstance(file["file"], bundle_review.BundleReview),
        **file,
    )


def _why_undecidable(frame: review_page.ItemHeader, subject: object | None) -> str:
    """Say why the page has no form to decide with; "" where it has one."""
    try:
        moderation_queue.check_claim(frame.item, me())
    except Refused as refusal:
        return refusal.sentence
    return "" if subject is not None else "This content no longer exists."


def _can_take_back(item: ModerationItem) -> bool:
    """Tell whether the reader has decided it and its grace period isn't over."""
    decided, until = item.decision, item.effective_at
    return bool(decided and until and until > clock.now() and decided["by"] == str(me().id))


def go_on(item_id: uuid.UUID | None) -> Response:
    """Open the claimed item; back to the queue when none is left."""
    if item_id is None:
        hypermedia.toast("The queue is empty.", "info")
        return hypermedia.see_other(url_for("admin.moderation") + place())
    return back_to(item_id)


def back_to(item_id: uuid.UUID) -> Response:
    """Redirect to the review page of an item."""
    return hypermedia.see_other(url_for("admin.moderation_item", item_id=item_id) + place())


def kind() -> ModerationKind | None:
    """Read the kind that the queue is filtered by."""
    return choice_arg("kind", ModerationKind, None)


def place() -> str:
    """Build the query string that keeps the filter of the queue; often empty."""
    narrowed = kind()
    return f"?kind={narrowed.value}" if narrowed else ""


def _file(item: ModerationItem) -> dict[str, Any]:
    """Load the template's context for the item's kind; `file` is None when its subject was deleted."""
    shown: dict[str, Any] = {"file": None, "reports": [], "rows": []}
    if item.kind in moderation_queue.OF_REVIEWS:
        shown["file"] = review_page.load_review(item)
    elif item.kind == ModerationKind.APPLICATION:
        shown["file"] = review_page.load_application(item)
    elif item.kind == ModerationKind.REFUND:
        shown["file"] = refund_review.load(item.subject_id)
    elif item.is_profile:
        shown["file"] = page_comparison.compare_profile(item)
    else:
        shown |= _course_or_bundle(item)
        if item.kind == ModerationKind.REPORT:
            shown["file"] = shown["file"] or decisions.product_of(item)
            shown["reports"] = review_page.reports(Report.product_id == item.subject_id)
    shown["rows"] = moderation_queue.past_of(item)
    return shown


def _course_or_bundle(item: ModerationItem) -> dict[str, Any]:
    """Load the course of an item with the lesson that is asked for, or its bundle."""
    asked = request.args.get("lesson")
    course = review_page.load_course(item, _lesson(asked))
    if asked and course is None:
        abort(404)
    if course is not None:
        return {"file": course, "would_be": page_comparison.compare_page(course.contents)}
    bundle = decisions.bundle_of(item) if item.kind != ModerationKind.REPORT else None
    return {"file": bundle_review.load(bundle, item) if bundle is not None else None}


def _lesson(asked: str | None) -> uuid.UUID | None:
    if not asked:
        return None
    try:
        return uuid.UUID(asked)
    except ValueError:
        abort(404)


def _next(endpoint: str, page: Page[QueueRow]) -> str | None:
    return url_for(endpoint, kind=kind(), after=page.after) if page.after else None
