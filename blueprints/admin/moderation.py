"""The queue of what waits for an admin, what was decided, and one thing with all that a reviewer needs."""

import uuid
from typing import Any

from flask import abort, request
from werkzeug.wrappers import Response

from blueprints.admin import acting, admin, after, do
from blueprints.admin.forms import PressForm
from blueprints.admin.moderation_forms import ClaimForm, DecisionForm
from domain.base import clock
from domain.moderation import decisions, deferred_decisions, page_comparison, review_page
from domain.platform import moderation_queue as rules
from models import ModerationItem, ModerationKind, Report, db
from web import hypermedia

QUEUE = "/admin/moderation"
KINDS = {
    ModerationKind.COURSE: "Courses",
    ModerationKind.UPDATE: "Updates",
    ModerationKind.REVIEW: "Reviews",
    ModerationKind.REPLY: "Answers",
    ModerationKind.REPORT: "Reports",
    ModerationKind.APPLICATION: "Applications",
}


@admin.get("/moderation")
def moderation() -> Response:
    """What waits, oldest first."""
    page = rules.queue(kind(), after())
    return hypermedia.render(
        "admin/moderation/queue.html",
        listing=page,
        kinds=KINDS,
        kind=kind(),
        counts=rules.counts(),
        counted=rules.COUNTED,
        more=_list("", page),
        first=f"{QUEUE}{place()}" if after() else None,
    )


@admin.get("/moderation/history")
def moderation_history() -> Response:
    """What was decided, latest first."""
    page = rules.history(kind(), after())
    return hypermedia.render(
        "admin/moderation/history.html",
        listing=page,
        kinds=KINDS,
        kind=kind(),
        more=_list("/history", page),
        first=f"{QUEUE}/history{place()}" if after() else None,
    )


@admin.get("/moderation/<uuid:item_id>")
def moderation_item(item_id: uuid.UUID) -> Response:
    """One thing, with everything in place; ?lesson= opens one of its lessons."""
    return show(item_id, DecisionForm())


@admin.post("/moderation/next")
def moderation_next() -> Response:
    """Claim what waits longest and open it."""
    PressForm().validate_on_submit()
    return go_on(rules.claim_next(acting(), kind()))


@admin.post("/moderation/<uuid:item_id>/claim")
def moderation_claim(item_id: uuid.UUID) -> Response:
    """Claim one thing, also what somebody else has if asked for; notes that come along stand in its form."""
    item, form = rules.find(item_id), ClaimForm()
    form.validate_on_submit()
    do(lambda: rules.claim(item, acting(), form.takeover.data))
    typed = DecisionForm()
    if typed.notes.data:
        return show(item_id, typed)
    return hypermedia.see_other(f"{QUEUE}/{item_id}{place()}")


@admin.post("/moderation/<uuid:item_id>/skip")
def moderation_skip(item_id: uuid.UUID) -> Response:
    """Leave it to others and open the one that comes after it; the notes that come along are kept."""
    item = rules.find(item_id)
    if (wrong := jot(item)) is not None:
        return wrong
    rules.release(item, acting())
    return go_on(rules.claim_next(acting(), kind(), behind=item))


def jot(item: ModerationItem) -> Response | None:
    """Keep the notes that come with a button beside the decision; the page again where they are too long.

    Commits, so that they stay whatever becomes of the button.
    """
    form = DecisionForm()
    if form.notes.raw_data and not form.notes.validate(form):
        return show(item.id, form, 422)
    if form.notes.raw_data:
        rules.jot(item, acting(), form.notes.data or "")
        db.session.commit()
    return None


def show(item_id: uuid.UUID, form: DecisionForm, status: int = 200) -> Response:
    """The page of one thing with its form."""
    frame = review_page.frame(item_id) or abort(404)
    file = _file(frame.item)
    notes, kept_at = rules.jotted(frame.item, acting())
    if not form.is_submitted():
        form.notes.data = notes
    opens = isinstance(file["file"], review_page.CourseFile)
    return hypermedia.render(
        "admin/moderation/item.html",
        "admin/moderation/_course.html" if opens else None,
        status=status,
        frame=frame,
        item=frame.item,
        form=form,
        mine=frame.item.claimed_by == acting().id,
        kinds=KINDS,
        reasons=decisions.REASONS,
        kept_at=kept_at,
        opened=int(clock.now().timestamp() * 1000),
        can_take_back=_can_take_back(frame.item),
        lapsed=deferred_decisions.lapsed(frame.item),
        place=place(),
        **file,
    )


def _can_take_back(item: ModerationItem) -> bool:
    """Tell whether the reader decided it less than the window ago."""
    decided, until = item.decision, item.effective_at
    return bool(decided and until and until > clock.now() and decided["by"] == str(acting().id))


def go_on(item_id: uuid.UUID | None) -> Response:
    """Commit, and open the item that was claimed; back to the queue when nothing is left."""
    db.session.commit()
    if item_id is None:
        hypermedia.toast("Nothing else waits.", "info")
        return hypermedia.see_other(f"{QUEUE}{place()}")
    return hypermedia.see_other(f"{QUEUE}/{item_id}{place()}")


def kind() -> ModerationKind | None:
    """The kind that the reader has narrowed the queue to."""
    asked = request.args.get("kind", "")
    return ModerationKind(asked) if asked in list(ModerationKind) else None


def place() -> str:
    """The query that keeps the queue narrowed as it is; often empty."""
    narrowed = kind()
    return f"?kind={narrowed.value}" if narrowed else ""


def _file(item: ModerationItem) -> dict[str, Any]:
    """What the page of this kind of thing shows; `file` is None when the thing itself is gone."""
    shown: dict[str, Any] = {"file": None, "reports": [], "rows": []}
    if item.kind in rules.OF_REVIEWS:
        shown["file"] = review_page.review_file(item)
    elif item.kind == ModerationKind.APPLICATION:
        shown["file"] = review_page.application_file(item)
    elif item.is_profile:
        shown["file"] = page_comparison.profile_file(item)
    else:
        asked = request.args.get("lesson")
        shown["file"] = review_page.course_file(item, _lesson(asked))
        if asked and shown["file"] is None:
            abort(404)
        if shown["file"] is not None:
            shown["would_be"] = page_comparison.of(shown["file"].contents)
        if item.kind == ModerationKind.REPORT:
            shown["reports"] = review_page.reports(Report.product_id == item.subject_id)
    shown["rows"] = rules.past_of(item)
    return shown


def _lesson(asked: str | None) -> uuid.UUID | None:
    if not asked:
        return None
    try:
        return uuid.UUID(asked)
    except ValueError:
        abort(404)


def _list(under: str, page: rules.Page) -> str | None:
    if page.after is None:
        return None
    return f"{QUEUE}{under}{place()}{'&' if place() else '?'}after={page.after}"
