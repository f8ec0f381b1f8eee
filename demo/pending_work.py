"""Waiting work of the demo: review queue, decisions, wishlists and notifications."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from demo.source import CourseSource
from domain.authoring import curriculum, lesson_drafts, submission
from domain.base import markdown
from domain.commerce import stripe_alerts
from domain.community import course_reports, reply_reports, reviews, text_decisions
from domain.moderation import decisions, verdicts
from domain.people import creator_applications
from domain.platform import audit, consents, last_days, settings
from domain.platform.audit_actions import AuditAction
from models import (
    Cart,
    CartItem,
    ConsentEnd,
    ConsentSource,
    Course,
    Lesson,
    LessonKind,
    MarketingConsent,
    ModerationItem,
    ModerationKind,
    Module,
    Notification,
    NotificationKind,
    PlatformSettings,
    Report,
    ReportReason,
    Review,
    Standing,
    StripeEvent,
    User,
    Verdict,
    WishlistItem,
    db,
)

TOLD_FOR = timedelta(days=60)
READ_AFTER = timedelta(days=8)
Written = list[tuple[Review, dict[str, Any]]]


def introduce_shop(about: dict[str, Any]) -> None:
    """Set the shop's description, its links and the legal seller."""
    row = db.session.get_one(PlatformSettings, 1)
    for name, value in about["seller"].items():
        setattr(row, name, value)
    row.about, row.about_html = about["text"], markdown.render(about["text"]).html
    row.social = about["social"]
    settings.forget()


def submit_courses(
    sources: list[CourseSource], courses: dict[str, Course], admin: User, now: datetime
) -> None:
    """Submit the courses in review, decide the rejected ones, and leave the updates pending."""
    for source in sources:
        course, data = courses[source.slug], source.data
        if data.get("status") in ("review", "rejected"):
            creator = db.session.get_one(User, course.creator_id)
            submission.submit(course, creator)
            item = _waiting_since(ModerationKind.COURSE, course, now - timedelta(days=data["waiting_days"]))
            if data["status"] == "rejected":
                _send_back(item, data, admin, now)
        elif "update" in data:
            _update(course, data["update"], now)


def _send_back(item: ModerationItem, data: dict[str, Any], admin: User, now: datetime) -> None:
    decision = verdicts.ModerationDecision(Verdict.REJECTED, data["reason"], data["notes"].strip())
    decisions.decide(item, admin, decision)
    item.closed_at = now - timedelta(days=data["decided_days"])
    _date_back(Notification, Notification.key == f"decided:{item.id}", item.closed_at)


def _update(course: Course, change: dict[str, Any], now: datetime) -> None:
    """Submit an update by a creator who isn't vetted, so that it waits for approval."""
    creator = db.session.get_one(User, course.creator_id)
    of_course = Lesson.course_id == course.id
    for row in change["changes"]:
        lesson = db.session.scalars(select(Lesson).where(of_course, Lesson.title == row["lesson"])).one()
        lesson_drafts.adjust(course, lesson, creator, {"body": row["body"]})
    for row in change["lessons"]:
        wanted = select(Module.id).where(Module.course_id == course.id, Module.title == row["module"])
        module_id = db.session.scalars(wanted).one()
        lesson = curriculum.add_lesson(course, module_id, creator, row["title"], LessonKind.TEXT)
        content = {"body": row["body"], "duration_seconds": row["duration_seconds"]}
        lesson_drafts.adjust(course, lesson, creator, content)
    submission.submit_update(course, creator)
    _waiting_since(ModerationKind.UPDATE, course, now - timedelta(days=change["waiting_days"]))


def apply_to_teach(row: dict[str, Any], people: dict[str, User], now: datetime) -> None:
    """Add a creator application by a learner."""
    wish = creator_applications.ApplicationInput(
        row["headline"], row["expertise"], row["links"], row["sample"].strip()
    )
    application = creator_applications.apply(people[row["by"]], wish)
    application.created_at = application.accepted_terms_at = now - timedelta(days=row["days_ago"])
    _waiting_since(ModerationKind.APPLICATION, application, application.created_at)


def report_reviews(written: Written, people: dict[str, User], now: datetime) -> None:
    """Report reviews, and replies to them, to the admins."""
    for review, row in written:
        if "reported" in row:
            _report(row["reported"], reviews.report, review, ModerationKind.REVIEW, people, now)
        if "reported_reply" in row:
            _report(row["reported_reply"], _report_reply, review, ModerationKind.REPLY, people, now)
        if row.get("reply_approved"):
            creator_id = db.session.get_one(Course, review.product_id).creator_id
            text_decisions.save_decision(text_decisions.in_reply(review, creator_id), Standing.APPROVED)


def _report_reply(user: User, review: Review, reason: ReportReason, note: str) -> None:
    course = db.session.get_one(Course, review.product_id)
    reply_reports.report(user, review, course, reason, note)


def report_courses(
    rows: list[dict[str, Any]], courses: dict[str, Course], people: dict[str, User], now: datetime
) -> None:
    """Report courses to the admins; they stay on sale."""
    for row in rows:
        _report(row, course_reports.report, courses[row["course"]], ModerationKind.REPORT, people, now)


def _report(
    row: dict[str, Any],
    report: Callable[[User, Any, ReportReason, str], None],
    subject: Review | Course,
    kind: ModerationKind,
    people: dict[str, User],
    now: datetime,
) -> None:
    moment = now - timedelta(days=row["days_ago"])
    report(people[row["by"]], subject, ReportReason(row["reason"]), row["note"])
    _date_back(Report, (Report.review_id == subject.id) | (Report.product_id == subject.id), moment)
    _waiting_since(kind, subject, moment)


def tell_of_money(row: dict[str, Any], admin: User, now: datetime) -> None:
    """Add a Stripe event that belongs to no order, and the note of the admin who acknowledged it."""
    about, at = row["about"], now - timedelta(days=row["days_ago"])
    looked_at = now - timedelta(days=row["looked_at_days_ago"])
    event = StripeEvent(
        id="evt_demo", type=row["type"], object_id=about["id"], payload={"data": {"object": about}},
        received_at=at, processed_at=at, attempts=1, error=stripe_alerts.WITHOUT_ORDER, told=about["id"],
        problem=row["problem"], looked_at=looked_at,
    )  # fmt: skip
    db.session.add(event)
    audit.record(None, stripe_alerts.ACTION, event, row["problem"]).at = at
    audit.record(admin, AuditAction.LOOK_AT_EVENT, event, row["note"]).at = looked_at


def add_wishes(
    rows: list[dict[str, Any]], courses: dict[str, Course], people: dict[str, User], now: datetime
) -> None:
    """Fill wishlists; people who want to know of sales were notified of current ones."""
    for row in rows:
        course, user = courses[row["course"]], people[row["by"]]
        wish = WishlistItem(
            user_id=user.id, product_id=course.id, notify_sale=row.get("notify", True),
            created_at=now - timedelta(days=row["days_ago"]),
        )  # fmt: skip
        db.session.add(wish)
        if wish.notify_sale and course.sale_price_cents is not None and course.sale_ends_at is not None:
            wish.told_of_sale_ending = course.sale_ends_at
            ends = course.sale_ends_at
            less = 100 * (course.price_cents - course.sale_price_cents) // course.price_cents
            _tell(
                user.id, NotificationKind.WISHED_SALE, f"“{course.title}” is on sale",
                f"This course is on your wishlist. Until {last_days.said(ends)} it’s {less}% off.",
                f"/courses/{course.slug}", "See the course", now - timedelta(hours=7), read=False,
            )  # fmt: skip


def fill_carts(
    rows: list[dict[str, Any]], courses: dict[str, Course], people: dict[str, User], now: datetime
) -> None:
    """Fill carts, whose owners were reminded of them already: nothing is mailed when the demo is loaded."""
    carts: dict[str, Cart] = {}
    for row in rows:
        at, course = now - timedelta(days=row["days_ago"]), courses[row["course"]]
        if row["by"] not in carts:
            carts[row["by"]] = Cart(user_id=people[row["by"]].id)
            db.session.add(carts[row["by"]])
            db.session.flush()
        cart = carts[row["by"]]
        cart.changed_at = cart.reminded_at = at
        price = row.get("price_cents", course.price_at(at))
        db.session.add(CartItem(cart_id=cart.id, product_id=course.id, price_cents=price, created_at=at))


def agree_to_marketing(rows: list[dict[str, Any]], people: dict[str, User], now: datetime) -> None:
    """Add consents to marketing email, given in the account; some were withdrawn by the link in an email."""
    for row in rows:
        withdrawn = row.get("withdrawn_days_ago")
        db.session.add(
            MarketingConsent(
                user_id=people[row["by"]].id, wording=consents.WORDING, given_by=ConsentSource.ACCOUNT,
                given_at=now - timedelta(days=row["days_ago"]),
                withdrawn_at=now - timedelta(days=withdrawn) if withdrawn else None,
                withdrawn_by=ConsentEnd.UNSUBSCRIBE_LINK if withdrawn else None,
            )
        )  # fmt: skip


def tell_of_reviews(written: Written, courses: dict[str, Course], now: datetime) -> None:
    """Notify creators of recent reviews, and reviewers of every reply."""
    by_id = {course.id: course for course in courses.values()}
    who = select(User.id, User.name).where(User.id.in_({course.creator_id for course in courses.values()}))
    creators = {row.id: row.name for row in db.session.execute(who)}
    for review, _row in written:
        course = by_id[review.product_id]
        if review.created_at > now - TOLD_FOR:
            _tell(
                course.creator_id, NotificationKind.REVIEW_RECEIVED,
                f"New review of “{course.title}”: {review.rating} of 5 stars", review.comment,
                f"/studio/reviews?course={course.id}", "Read and reply",
                review.created_at, read=review.created_at < now - READ_AFTER,
            )  # fmt: skip
        if review.replied_at is not None:
            _tell(
                review.user_id, NotificationKind.REVIEW_REPLY,
                f"{creators[course.creator_id]} replied to your review of “{course.title}”",
                review.reply, f"/courses/{course.slug}#reviews", "Read the reply", review.replied_at,
                read=review.replied_at < now - TOLD_FOR,
            )  # fmt: skip


def tell(rows: list[dict[str, Any]], people: dict[str, User], now: datetime) -> None:
    """Add further notifications."""
    for row in rows:
        _tell(
            people[row["for"]].id, NotificationKind(row["kind"]), row["title"], row.get("message", ""),
            row["url"], row["label"], now - timedelta(days=row["days_ago"]), row["read"],
        )  # fmt: skip


def _tell(
    user_id: Any,
    kind: NotificationKind,
    title: str,
    message: str,
    url: str,
    label: str,
    at: datetime,
    read: bool,
) -> None:
    """Add a notification as of that time, without its mail."""
    read_at = at + timedelta(hours=3) if read else None
    db.session.add(
        Notification(
            user_id=user_id, kind=kind, title=title, message=message[:500], action_url=url,
            action_label=label, created_at=at, read_at=read_at,
        )
    )  # fmt: skip


def _waiting_since(kind: ModerationKind, row: Any, moment: datetime) -> ModerationItem:
    wanted = select(ModerationItem).where(
        ModerationItem.kind == kind, ModerationItem.subject_id == row.id, ModerationItem.closed_at.is_(None)
    )
    item = db.session.scalars(wanted).one()
    item.created_at = moment
    return item


def _date_back(rows: type[Notification] | type[Report], which: Any, moment: datetime) -> None:
    db.session.execute(update(rows).where(which).values(created_at=moment))
