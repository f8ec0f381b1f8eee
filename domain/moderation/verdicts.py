"""The verdicts on items of the moderation queue, and what follows from each of them."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, update

from domain.base import clock
from domain.catalog import kinds
from domain.platform import moderation_queue, notifications
from models import (
    ModerationItem,
    ModerationKind,
    NotificationKind,
    Product,
    Report,
    ReportOutcome,
    User,
    Verdict,
    db,
)

CHOICES: dict[ModerationKind, tuple[Verdict, ...]] = {
    ModerationKind.COURSE: (Verdict.APPROVED, Verdict.REJECTED, Verdict.CHANGES_REQUESTED),
    ModerationKind.UPDATE: (Verdict.APPROVED, Verdict.REJECTED, Verdict.CHANGES_REQUESTED),
    ModerationKind.REVIEW: (Verdict.APPROVED, Verdict.HIDDEN),
    ModerationKind.REPLY: (Verdict.APPROVED, Verdict.HIDDEN),
    ModerationKind.REPORT: (Verdict.DISMISSED, Verdict.HIDDEN),
    ModerationKind.APPLICATION: (Verdict.APPROVED, Verdict.REJECTED),
    ModerationKind.REFUND: (Verdict.APPROVED, Verdict.REJECTED),
}
REASONS = {
    "unfinished": "It isn’t finished",
    "quality": "Text, audio or video quality is too low",
    "description": "It doesn’t match its description",
    "outdated": "Its content is out of date",
    "rights": "It uses someone else’s work",
    "rules": "It breaks our rules",
    "other": "Something else, see the notes",
}
MAX_NOTES = 5000


class ModerationDecision(NamedTuple):
    """A verdict with its reason (a key of REASONS, or "") and the notes for the author."""

    verdict: Verdict
    reason: str = ""
    notes: str = ""


def close(item: ModerationItem, admin: User, decision: ModerationDecision) -> None:
    """Close the item by this decision of `admin`."""
    moderation_queue.close(item, admin, *decision)


def note_of(decision: ModerationDecision) -> str:
    """Format the reason and the notes, for the audit log and the creator."""
    return "\n\n".join(filter(None, (REASONS.get(decision.reason, ""), decision.notes)))


def answer_reports(
    which: ColumnElement[bool], product: Product, what: str, upheld: bool, done: str = "hidden it"
) -> None:
    """Close the open reports of a review, reply or product, and notify everybody who sent one."""
    outcome = ReportOutcome.UPHELD if upheld else ReportOutcome.DISMISSED
    closed = db.session.execute(
        update(Report)
        .where(which, Report.outcome.is_(None))
        .values(outcome=outcome, closed_at=clock.now())
        .returning(Report.id, Report.user_id)
    ).all()
    for report_id, user_id in closed:
        stays = "It doesn’t break our rules, so it stays up."
        notifications.tell(
            user_id, NotificationKind.REPORT_DECIDED, f"We’ve checked the {what} you reported",
            f"We’ve {done}. Thanks for reporting it." if upheld else stays,
            kinds.page(product), f"See the {kinds.noun(product)}",
            key=f"report:{report_id}:{clock.now():%Y%m%d%H%M%S}",
        )  # fmt: skip
