"""Decisions of admins on the moderation queue: verdict, consequences and notifications.

Lock order, to avoid deadlocks: first the subject, as its creator's verbs lock it, then the item.
"""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload, undefer_group

from domain import Refused
from domain.authoring import bundle_details, course_content, submission
from domain.base.addresses import path_to
from domain.catalog import kinds, lifecycle
from domain.catalog.lifecycle import Authored
from domain.moderation import review_verdicts
from domain.moderation.verdicts import CHOICES, REASONS, ModerationDecision, answer_reports, close, note_of
from domain.people import creator_applications, creator_page_drafts
from domain.platform import audit, moderation_queue, notifications
from domain.platform.audit_actions import AuditAction
from domain.refunds import requests
from models import (
    Bundle,
    Course,
    ModerationItem,
    ModerationKind,
    NotificationKind,
    Product,
    ProductStatus,
    Report,
    UpdateState,
    User,
    Verdict,
    db,
)

OF_AUTHORS = (ModerationKind.COURSE, ModerationKind.UPDATE)
Subject = TypeVar("Subject", Course, Bundle)


def decide(item: ModerationItem, admin: User, decision: ModerationDecision, seen: str = "") -> str:
    """Decide an item; returns a sentence about the consequences.

    `seen` is the fingerprint of the course as the admin saw it (optimistic lock). Raises
    moderation_queue.ClaimedByOther when another admin has the item, and Refused when it was decided before,
    when the course has changed since it was opened, and where the decision lacks a reason or notes.
    """
    verdict, reason, notes = decision
    moderation_queue.check_claim(item, admin)  # before anything that another try could mend
    if verdict not in CHOICES[item.kind]:
        raise Refused("You can’t make that decision here.")
    if verdict == Verdict.REJECTED and item.kind in OF_AUTHORS and reason not in REASONS:
        raise Refused("Choose a reason.", "reason")
    if not notes and (missing := _to_be_said(item.kind, verdict, reason)):
        raise Refused(missing, "notes")
    if item.kind == ModerationKind.REVIEW:
        return review_verdicts.judge_review(item, admin, decision)
    if item.kind == ModerationKind.REPLY:
        return review_verdicts.judge_reply(item, admin, decision)
    if item.kind == ModerationKind.APPLICATION:
        return _answer_application(item, admin, decision)
    if item.kind == ModerationKind.REFUND:
        return _answer_refund(item, admin, decision)
    if item.kind == ModerationKind.REPORT:
        return _judge_report(item, admin, decision)
    if item.is_profile:
        return _judge_profile(item, admin, decision, seen)
    return _judge_course(item, admin, decision, seen)


def _to_be_said(kind: ModerationKind, verdict: Verdict, reason: str) -> str:
    """Return the error of a decision that needs notes; "" where it needs none."""
    if kind == ModerationKind.APPLICATION and verdict == Verdict.REJECTED:
        return "Say why you’re declining."
    if kind == ModerationKind.REFUND and verdict == Verdict.REJECTED:
        return "Say why you’re declining. The buyer reads this."
    if kind == ModerationKind.REPORT and verdict == Verdict.HIDDEN:
        return "Say why it goes off sale. The creator sees this."
    if verdict == Verdict.CHANGES_REQUESTED or (verdict == Verdict.REJECTED and reason == "other"):
        return "Say what needs to change."
    return ""


def course_of(item: ModerationItem) -> Course | None:
    """Load the item's course, with its creator and category; None when it is deleted."""
    return _subject(Course, item)


def bundle_of(item: ModerationItem) -> Bundle | None:
    """Load the item's bundle, with its creator and category; None when it is deleted, or isn't a bundle."""
    return _subject(Bundle, item)


def _subject(kind: type[Subject], item: ModerationItem) -> Subject | None:
    query = (
        select(kind)
        .where(kind.id == item.subject_id, kind.deleted_at.is_(None))
        .options(
            joinedload(kind.creator),
            joinedload(kind.category),
            undefer_group("drafts"),
            selectinload(kind.tags),
        )
    )
    return db.session.scalar(query)


def product_of(item: ModerationItem) -> Product | None:
    """Load the item's product, of any kind, with its creator; None when it is deleted."""
    query = select(Product).where(Product.id == item.subject_id, Product.deleted_at.is_(None))
    found: Product | None = db.session.scalar(query.options(joinedload(Product.creator)))
    return found


def _judge_course(item: ModerationItem, admin: User, decision: ModerationDecision, seen: str) -> str:
    course = _held(item, admin)
    approved = decision.verdict == Verdict.APPROVED
    is_update = item.kind == ModerationKind.UPDATE
    if seen and seen != mark_of(course):
        raise Refused(
            "The creator has changed something since you opened this page. Check it again, then decide."
        )
    if approved and (missing := submission.missing(course)):
        raise Refused(f"It can’t be published: {missing[0].text.lower()} is missing.")
    course.admin_notes = decision.notes
    if is_update:
        _decide_update(course, admin, decision)
    elif approved:
        submission.publish(course, admin, decision.notes)
    else:
        lifecycle.change_status(course, ProductStatus.REJECTED, admin, note_of(decision))
    close(item, admin, decision)
    _tell_creator(course, item, decision)
    what = "update" if is_update else kinds.noun(course)
    if approved:
        return f"“{course.title}”: the {what} is published."
    return f"“{course.title}”: the {what} is sent back, and we’ll tell the creator why."


def mark_of(course: Authored) -> str:
    """Fingerprint what a reviewer decides about."""
    return course_content.load(course).mark if isinstance(course, Course) else bundle_details.mark(course)


def _decide_update(course: Authored, admin: User, decision: ModerationDecision) -> None:
    if decision.verdict == Verdict.APPROVED:
        submission.publish_update(course, admin)
        audit.record(admin, AuditAction.APPROVE_UPDATE, course, decision.notes)
    else:
        course.update_state = UpdateState.RETURNED
        audit.record(admin, AuditAction.RETURN_UPDATE, course, note_of(decision))


def _judge_report(item: ModerationItem, admin: User, decision: ModerationDecision) -> str:
    product = _reported(item, admin)
    upheld, on_sale = decision.verdict == Verdict.HIDDEN, product.status == ProductStatus.PUBLISHED
    if upheld and on_sale:
        product.admin_notes = decision.notes
        kinds.kind_of(product).take_down(product, admin, decision.notes)
        _tell_creator(product, item, decision)
    audit.record(
        admin, AuditAction.UPHOLD_REPORT if upheld else AuditAction.DISMISS_REPORT, product, decision.notes
    )
    close(item, admin, decision)
    about = Report.product_id == product.id
    answer_reports(about, product, kinds.noun(product), upheld, done="taken it off sale")
    if not on_sale:
        return f"“{product.title}” was off sale already and stays so."
    return f"“{product.title}” is off sale." if upheld else f"“{product.title}” stays on sale."


def _judge_profile(item: ModerationItem, admin: User, decision: ModerationDecision, seen: str) -> str:
    """Publish the pending changes of a creator page, or return them: there they stay until edited."""
    creator = creator_page_drafts.creator_of(item)
    if creator is None:
        raise Refused("This account no longer exists.")
    creator_page_drafts.lock_page(creator)
    moderation_queue.lock_claimed(item, admin)
    if seen and seen != creator_page_drafts.version(creator):
        raise Refused(
            "The creator has changed something since you opened this page. Check it again, then decide."
        )
    approved = decision.verdict == Verdict.APPROVED
    if approved:
        creator_page_drafts.apply(creator, admin)
    else:
        audit.record(admin, AuditAction.RETURN_PROFILE, creator, note_of(decision))
    close(item, admin, decision)
    notifications.tell(
        creator.id,
        NotificationKind.COURSE_APPROVED if approved else NotificationKind.COURSE_REJECTED,
        "Your page changes are live" if approved else "Changes to your page need another look",
        note_of(decision), path_to("studio.profile"), "View your page", key=f"decided:{item.id}",
    )  # fmt: skip
    return f"The page of {creator.name} is {'changed' if approved else 'left as it was'}."


def _answer_application(item: ModerationItem, admin: User, decision: ModerationDecision) -> str:
    application = creator_applications.find(item.subject_id)
    if application is None:
        raise Refused("This application no longer exists.")
    moderation_queue.lock_claimed(item, admin)
    if decision.verdict == Verdict.APPROVED:
        creator_applications.accept(application, admin)
        return f"{item.title} can now teach here."
    creator_applications.decline(application, admin, decision.notes)
    return f"{item.title} will be told why."


def _answer_refund(item: ModerationItem, admin: User, decision: ModerationDecision) -> str:
    """Pay a buyer's request back, or refuse it with the reason given."""
    request = requests.find(item.subject_id)
    if request is None:
        raise Refused("This request no longer exists.")
    requests.lock(request)
    moderation_queue.lock_claimed(item, admin)
    close(item, admin, decision)
    if decision.verdict == Verdict.APPROVED:
        requests.approve(request, admin, decision.notes)
        return f"{item.title}: the money goes back."
    requests.refuse(request, admin, decision.notes)
    return f"{item.title}: the buyer will be told why not."


def _held(item: ModerationItem, admin: User) -> Authored:
    """Load and lock the item's course or bundle, then the item; refused when it is deleted."""
    course = course_of(item) or bundle_of(item)
    if course is None:
        raise Refused("This course has been deleted.")
    lifecycle.lock_course(course)
    db.session.expire(course, ["tags"])
    moderation_queue.lock_claimed(item, admin)
    return course


def _reported(item: ModerationItem, admin: User) -> Product:
    """Load and lock the item's product, then the item; refused when the product is deleted."""
    product = product_of(item)
    if product is None:
        raise Refused("This product has been deleted.")
    lifecycle.lock_and_reload(product)
    db.session.expire(product, ["tags"])
    moderation_queue.lock_claimed(item, admin)
    return product


def _tell_creator(product: Product, item: ModerationItem, decision: ModerationDecision) -> None:
    approved = decision.verdict == Verdict.APPROVED
    what = "update" if item.kind == ModerationKind.UPDATE else kinds.noun(product)
    said = {
        Verdict.APPROVED: "is published",
        Verdict.REJECTED: "wasn’t accepted",
        Verdict.CHANGES_REQUESTED: "needs changes",
        Verdict.HIDDEN: "was taken off sale",
    }[decision.verdict]
    of = "The update of " if what == "update" else ""
    notifications.tell(
        product.creator_id,
        NotificationKind.COURSE_APPROVED if approved else NotificationKind.COURSE_REJECTED,
        f"{of}“{product.title}” {said}",
        note_of(decision),
        kinds.page(product) if approved else kinds.kind_of(product).editor(product),
        "View the page" if approved else "See what to change",
        key=f"decided:{item.id}",
    )
