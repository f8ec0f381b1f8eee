"""Random things that people, the worker and Stripe do to a shop, each through the verb that does it.

Every action is a transaction of its own, as in the shop, and time passes between them.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import select
from werkzeug.exceptions import NotFound

import jobs
import payments
from domain import Refused
from domain.analytics import daily_counts
from domain.authoring import (
    course_details,
    course_price,
    curriculum,
    deletion,
    duplication,
    lesson_drafts,
    submission,
)
from domain.authoring.curriculum import Position
from domain.base import clock
from domain.cart import wishlist
from domain.catalog import categories, expiry, featured, lifecycle
from domain.commerce import baskets, checkout, fulfilment
from domain.community import course_reports, reply_reports, review_replies, reviews
from domain.learning import access, comp_access, enrollment, playback, progress
from domain.learning.watched_ranges import Heartbeat
from domain.media import recordings
from domain.moderation import creator_suspension, decisions, review_verdicts, verdicts
from domain.people import accounts, directory, sessions
from domain.platform import events, moderation_queue, notifications
from domain.platform.event_registry import EventName
from domain.platform.events import Visitor
from domain.refunds import stripe_refunds
from models import (
    Category,
    Course,
    GrantSource,
    Job,
    JobState,
    Lesson,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    ModerationItem,
    Module,
    Order,
    ProductStatus,
    Purchase,
    PurchaseStatus,
    Refund,
    RefundStatus,
    ReportReason,
    Review,
    User,
    Verdict,
    db,
)
from payments import Session, StripeRefund
from tests.cast import START, Cast

BEGINS = START + timedelta(days=11)  # the day after the cast's sale
# Sending mail, checking links and moving files change nothing that is counted.
COUNTED_BY_JOBS = (
    "correct_course_days", "recount_learners", "reindex_category", "reindex_creator", "tell_of_sale",
)  # fmt: skip


def row(table: Any, of: Any) -> Any:
    """Load the row of something detached."""
    return db.session.get_one(table, of.id)


def all_lessons(course: Course) -> list[Lesson]:
    """List the lessons of a course, shown or not."""
    return list(db.session.scalars(select(Lesson).where(Lesson.course_id == course.id).order_by(Lesson.id)))


def count_days() -> None:
    """Do what the worker does every hour: write the events, and count their days."""
    events.flush()
    days = daily_counts.begin()
    db.session.rollback()
    daily_counts.work(days)
    daily_counts.end(days, None)
    db.session.commit()


def work() -> None:
    """Let the worker do everything that is due and changes a total."""
    due = select(Job.id).where(
        Job.kind.in_(COUNTED_BY_JOBS), Job.state == JobState.QUEUED, Job.run_after <= clock.now()
    )
    while ids := db.session.scalars(due).all():
        db.session.rollback()
        for id_ in ids:
            jobs.run(id_)
    db.session.rollback()


class Shop:
    """A shop to which something happens: `act` does one thing, and lets up to six hours pass."""

    def __init__(self, cast: Cast, seed: int, time: time_machine.Traveller) -> None:
        self.dice = random.Random(seed)  # noqa: S311
        self.time = time
        self.ada, self.mo = row(User, cast.ada), row(User, cast.mo)
        self.people = [row(User, person) for person in (cast.bo, cast.cy, cast.una, cast.nia)]
        self.courses = [row(Course, c) for c in (cast.flask_course, cast.free_course)]
        self.verbs = [name for name in dir(self) if name.startswith("do_")]

    def act(self) -> str:
        """Do one of them; what can't be done now is refused, as on the page."""
        self.time.shift(timedelta(minutes=self.dice.randrange(360)))
        verb, course = self.dice.choice(self.verbs), self.dice.choice(self.courses)
        try:
            getattr(self, verb)(course, self.dice.choice(self.people))
            db.session.commit()
        except (Refused, NotFound):
            db.session.rollback()
        events.flush()
        return f"{verb[3:]} {course.slug}"

    def maybe(self, chance: float = 0.5) -> bool:
        return self.dice.random() < chance

    def one(self, table: Any, *which: Any) -> Any:
        """Choose a row among those of a table, by the dice; None where there is none."""
        found = db.session.scalars(select(table).where(*which).order_by(table.id)).all()
        return self.dice.choice(found) if found else None

    # The creator edits.

    def a_lesson(self, course: Course) -> Lesson:
        return self.dice.choice(all_lessons(course) or [self.do_add(course)])

    def a_module(self, course: Course) -> Module:
        found: Module | None = self.one(Module, Module.course_id == course.id)
        return found or curriculum.add_module(course, self.ada, "M")

    def do_add(self, course: Course, _person: Any = None) -> Lesson:
        kind = self.dice.choice(list(LessonKind))
        return curriculum.add_lesson(course, self.a_module(course).id, self.ada, "L", kind)

    def do_delete(self, course: Course, _person: User) -> None:
        if len(all_lessons(course)) > 2:
            curriculum.delete_lesson(course, self.a_lesson(course).id, self.ada)

    def do_delete_module(self, course: Course, _person: User) -> None:
        if self.maybe(0.2):
            curriculum.delete_module(course, self.a_module(course).id, self.ada)

    def do_publish(self, course: Course, _person: User) -> None:
        curriculum.publish_lesson(course, self.a_lesson(course).id, self.ada, self.maybe(0.7))

    def do_publish_module(self, course: Course, _person: User) -> None:
        curriculum.publish_module(course, self.a_module(course).id, self.ada, self.maybe(0.7))

    def do_open_to(self, course: Course, _person: User) -> None:
        to = self.dice.choice(list(LessonVisibility))
        curriculum.set_visibility(course, self.a_lesson(course).id, self.ada, to)

    def do_move(self, course: Course, _person: User) -> None:
        curriculum.move_lesson(course, self.a_lesson(course).id, self.ada, Position(self.a_lesson(course).id))

    def do_duplicate(self, course: Course, _person: User) -> None:
        if len(all_lessons(course)) < 20:
            curriculum.duplicate_module(course, self.a_module(course).id, self.ada)

    def do_rename_module(self, course: Course, _person: User) -> None:
        curriculum.change_module(
            course, self.a_module(course).id, self.ada, f"Part {self.dice.random()}", "", 0, True
        )

    def do_write(self, course: Course, _person: User) -> None:
        values = {"body": "word " * self.dice.randrange(2000), "kind": self.dice.choice(list(LessonKind))}
        lesson_drafts.adjust(course, self.a_lesson(course), self.ada, values)

    def do_film(self, course: Course, _person: User) -> None:
        lesson = self.a_lesson(course)
        asset = recordings.for_creator(course.id, lesson.id)
        if asset is not None:
            recordings.remove(course, asset, self.ada)
        elif lesson.kind != LessonKind.TEXT:
            made = MediaAsset(course_id=course.id, lesson_id=lesson.id, storage_key=uuid.uuid4().hex)
            made.status, made.duration_seconds = MediaStatus.READY, 60.0
            db.session.add(made)
            lesson_drafts.adjust(course, lesson, self.ada, {"kind": lesson.kind})

    def do_describe(self, course: Course, _person: User) -> None:
        tags = self.dice.sample(["Python", "Web", "Tests"], self.dice.randrange(4))
        category = self.one(Category).id
        details = replace(course_details.details_of(course), tags=tags, category_id=category)
        course_details.set_details(course, self.ada, details)

    def do_price(self, course: Course, _person: User) -> None:
        price, now = course_price.price_of(course), clock.now()
        sale = {"sale_price_cents": 900, "sale_ends_at": now + timedelta(days=2)} if self.maybe() else {}
        nothing: dict[str, Any] = {"sale_price_cents": None, "sale_ends_at": None}
        course_price.set_price(course, self.ada, replace(price, **(nothing | sale)))

    def do_copy_course(self, course: Course, _person: User) -> None:
        if len(self.courses) < 4:
            self.courses.append(duplication.duplicate(course, self.ada))

    def do_delete_copy(self, course: Course, _person: User) -> None:
        if self.courses.index(course) > 1 and self.maybe(0.3):
            deletion.delete_course(course, self.ada)
            self.courses.remove(course)

    def do_rename(self, _course: Course, person: User) -> None:
        somebody = self.dice.choice([self.ada, person])
        accounts.save_profile(somebody, f"{somebody.name[:3]} {self.dice.randrange(99)}", "", "UTC")

    # Learners take courses, learn, and lose them.

    def do_enroll(self, course: Course, person: User) -> None:
        enrollment.enroll_free(person, course)

    def do_buy(self, _course: Course, person: User) -> None:
        basket = baskets.of_product(self.courses[0])
        plan = checkout.start_order(person, basket, "{CHECKOUT_SESSION_ID}", "{ORDER}")
        order = db.session.get_one(Order, plan.order_id)
        db.session.commit()
        self.time.shift(timedelta(minutes=self.dice.randrange(90)))
        fulfilment.fulfil(_session(order, paid=self.maybe(0.8)))
        if self.maybe(0.1):
            fulfilment.fulfil(_session(order, paid=True))  # paid twice, in another tab

    do_buy_more = do_buy_on = do_buy

    def do_refund_twice_paid(self, _course: Course, _person: User) -> None:
        refund = self.one(Refund, Refund.status == RefundStatus.PENDING)
        if refund is not None:
            status = "succeeded" if self.maybe(0.7) else "failed"
            stripe_refunds.apply(
                StripeRefund(
                    f"re_{refund.id.hex}", status, refund.payment_intent_id, str(refund.id),
                    refund.amount_cents, refund.currency,
                )
            )  # fmt: skip

    def do_withdraw_purchase(self, course: Course, _person: User) -> None:
        bought = (Purchase.status == PurchaseStatus.COMPLETED, Purchase.product_id == course.id)
        if purchase := self.one(Purchase, *bought):
            access.revoke(purchase.id)

    def do_give(self, course: Course, person: User) -> None:
        until = clock.now() + timedelta(days=self.dice.randrange(1, 9)) if self.maybe() else None
        comp_access.give_access(person, course, until, self.mo)

    def do_take_back(self, course: Course, person: User) -> None:
        for grant in access.grants_of(person, course)[:1]:
            comp_access.end_access(person, grant.id, self.mo)

    def do_lose(self, course: Course, person: User) -> None:
        for grant in access.grants_of(person, course)[:1]:
            if grant.source == GrantSource.FREE:
                access.revoke_grant(grant)

    def do_open_everything(self, _course: Course, person: User) -> None:
        directory.override_access(person, self.maybe(0.1), self.mo)

    def do_learn(self, course: Course, person: User) -> None:
        if access.owns(person, course):
            lesson = self.a_lesson(course)
            done = progress.complete(person, lesson)
            db.session.commit()
            visit = Visitor(person.id)
            events.record(EventName.LESSON_COMPLETED, course.id, lesson.id, visit)
            if done:
                events.record(EventName.COURSE_COMPLETED, course.id, visit=visit)

    do_learn_more = do_learn_on = do_learn_still = do_learn

    def do_reopen(self, course: Course, person: User) -> None:
        progress.reopen(person, self.a_lesson(course))

    def do_watch(self, course: Course, person: User) -> None:
        """Play up to twenty seconds, in a heartbeat as the player sends it."""
        lesson = self.a_lesson(course)
        sessions.start(person)
        token, slugs = person.session_token, (course.slug, lesson.slug)
        db.session.commit()
        opened = playback.sign_opening(person.id, lesson.id)
        self.time.shift(timedelta(seconds=20))
        start = self.dice.randrange(3) * 20.0
        beat = Heartbeat(start + 20, start, start + 20, flowing=self.maybe(), opened=opened)
        db.session.rollback()
        try:
            who, outcome = playback.beat(str(token), *slugs, beat)
        except playback.Forbidden:
            return
        if outcome.played and who.is_learner:
            events.record_watched(who.user_id, who.course_id, who.lesson_id, outcome.played)

    do_watch_on = do_watch

    def do_look(self, course: Course, person: User) -> None:
        lesson_id = self.a_lesson(course).id if self.maybe() else None
        visit = Visitor(person.id if self.maybe() else None, self.dice.choice(["", "a", "b"]))
        visit = replace(visit, referrer=self.dice.choice(["", "example.org"]))
        kind = "lesson" if lesson_id else "course"
        db.session.commit()
        events.record(EventName.CONTENT_VIEW, course.id, lesson_id, visit, kind=kind)
        events.record_search(visit, "flask", 2)

    do_look_on = do_look

    def do_wish(self, course: Course, person: User) -> None:
        wishlist.add(person, course)
        wishlist.notify(person, course.id, self.maybe())

    def do_unwish(self, course: Course, person: User) -> None:
        wishlist.remove(person.id, course.id)

    def do_read_notifications(self, _course: Course, person: User) -> None:
        reader = self.dice.choice([self.ada, person])
        for notification in notifications.page_of(reader).rows[:1]:
            notifications.read(notification)
        if self.maybe():
            notifications.read_all(reader)

    # They review, vote and report; admins decide.

    def a_review(self, course: Course) -> Any:
        return self.one(Review, Review.product_id == course.id)

    def do_review(self, course: Course, person: User) -> None:
        reviews.write(person, course, self.dice.randrange(1, 6), "x" * self.dice.randrange(3))

    do_review_again = do_review

    def do_withdraw(self, course: Course, person: User) -> None:
        reviews.withdraw(person, course)

    def do_vote(self, course: Course, person: User) -> None:
        for review in db.session.scalars(select(Review).where(Review.product_id == course.id)):
            if review.user_id != person.id:
                reviews.vote(person, review, self.maybe(0.6))

    def do_reply(self, course: Course, _person: User) -> None:
        if review := self.a_review(course):
            if self.maybe(0.7):
                review_replies.save_reply(self.ada, review, course, f"Thanks {self.dice.randrange(9)}")
            else:
                review_replies.delete_reply(self.ada, review)

    def do_report(self, course: Course, person: User) -> None:
        review, why = self.a_review(course), self.dice.choice(list(ReportReason))
        if review is None or self.maybe(0.2):
            course_reports.report(person, course, why)
        elif review.reply and self.maybe(0.3):
            reply_reports.report(person, review, course, why)
        else:
            reviews.report(person, review, why)

    do_report_more = do_report

    def do_decide(self, _course: Course, _person: User) -> None:
        item = self.one(ModerationItem, ModerationItem.closed_at.is_(None))
        if item is not None:
            moderation_queue.claim(item, self.mo, takeover=True)
            verdict = self.dice.choice([v for v in Verdict if v in verdicts.CHOICES[item.kind]])
            decision = verdicts.ModerationDecision(verdict, next(iter(verdicts.REASONS)), "Said")
            decisions.decide(item, self.mo, decision)

    do_decide_more = do_decide

    def do_restore_text(self, _course: Course, _person: User) -> None:
        item = self.one(ModerationItem, ModerationItem.verdict == Verdict.HIDDEN)
        if item is not None:
            review_verdicts.restore(item, self.mo)

    # Admins and time change what is on sale.

    def do_suspend(self, _course: Course, person: User) -> None:
        directory.lock(person)
        if self.maybe(0.3):
            creator_suspension.suspend(person, self.mo, "Spam")
        else:
            creator_suspension.restore(person, self.mo)

    def do_suspend_creator(self, _course: Course, _person: User) -> None:
        directory.lock(self.ada)
        creator_suspension.suspend(self.ada, self.mo, "Spam", with_courses=self.maybe())

    def do_restore_creator(self, _course: Course, _person: User) -> None:
        directory.lock(self.ada)
        creator_suspension.restore(self.ada, self.mo, with_courses=True)
        for course in self.courses:
            if course.status in (ProductStatus.ARCHIVED, ProductStatus.EXPIRED, ProductStatus.DRAFT):
                lifecycle.change_status(course, ProductStatus.PENDING_REVIEW, self.ada)
                submission.publish(course, self.mo)

    do_restore_sales = do_restore_on = do_restore_creator

    def do_archive(self, course: Course, _person: User) -> None:
        if self.maybe(0.3):
            submission.take_off_sale(course, self.ada)

    def do_expire(self, course: Course, _person: User) -> None:
        if self.maybe(0.3):
            course.expires_at = clock.now()
            db.session.flush()
        expiry.expire()
        expiry.warn()

    def do_feature(self, course: Course, _person: User) -> None:
        (featured.pick if self.maybe() else featured.drop)(course, self.mo)

    def do_rename_category(self, _course: Course, _person: User) -> None:
        category = self.one(Category)
        name = f"{category.slug.title()} {self.dice.randrange(99)}"
        values = categories.CategoryInput(name, category.description, category.icon, category.parent_id)
        categories.change(category, values, self.mo)

    def do_the_workers_part(self, _course: Course, _person: User) -> None:
        db.session.commit()
        work()

    def do_count_days(self, _course: Course, _person: User) -> None:
        db.session.commit()
        count_days()


def _session(order: Order, paid: bool) -> Session:
    """Build Stripe's picture of an order's payment, which it asks for under a new session each time."""
    return Session(
        id=f"cs_{uuid.uuid4().hex}", url=None, status="complete", payment_status="paid" if paid else "unpaid",
        amount_total=order.total_cents, currency=order.currency, livemode=payments.is_live(),
        expires_at=clock.now(), payment_intent=f"pi_{uuid.uuid4().hex}",
        payment_intent_status="succeeded" if paid else "canceled", metadata={"order_id": str(order.id)},
        client_reference_id=str(order.id),
    )  # fmt: skip


def everything() -> Iterator[tuple[str, list[str]]]:
    """Read all rows of every table, to be compared."""
    for table in db.metadata.sorted_tables:
        yield table.name, sorted(str(tuple(found)) for found in db.session.execute(select(table)))
    db.session.rollback()
