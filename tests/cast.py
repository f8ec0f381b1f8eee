"""The people and courses that every test knows.

ada teaches and is vetted; nia is a new creator with a draft; bo bought ada's course; cy is a stranger
with an account; una never verified her address; mo runs the shop.
"""

import os
import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, text

from domain.catalog.index import search
from domain.documents import invoices
from domain.people import accounts
from models import (
    AccessGrant,
    Category,
    Course,
    CreatorProfile,
    Earning,
    Enrollment,
    GrantSource,
    Job,
    Lesson,
    LessonKind,
    LessonVisibility,
    Level,
    MediaAsset,
    Module,
    Order,
    OrderStatus,
    PlatformSettings,
    ProductStatus,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    Role,
    SearchDocument,
    Tag,
    Tier,
    User,
    db,
)

PASSWORD = "a long enough password"
# All processes of a run share one template, so they share its beginning (see tests/conftest.py).
_BEGAN = os.environ.get("TEST_BEGAN")
START = (datetime.fromisoformat(_BEGAN) if _BEGAN else datetime.now(UTC)).replace(microsecond=0) - timedelta(
    days=40
)


@dataclass
class Cast:
    """Rows detached from any session: read their columns, load them again to change them."""

    ada: User
    nia: User
    bo: User
    cy: User
    una: User
    mo: User
    flask_course: Course
    free_course: Course
    draft_course: Course
    preview_lesson: Lesson
    text_lesson: Lesson
    video_lesson: Lesson
    last_lesson: Lesson
    free_lesson: Lesson
    draft_lesson: Lesson
    web: Category
    flask_category: Category
    data: Category
    order: Order
    purchase: Purchase


def recording_of(lesson_id: uuid.UUID) -> MediaAsset:
    """Load the recording that learners of a lesson see, with its captions."""
    query = db.select(MediaAsset).where(MediaAsset.lesson_id == lesson_id)
    return db.session.scalars(query.options(db.selectinload(MediaAsset.captions))).one()


def build() -> None:
    """Write the cast into an empty, migrated database and commit."""
    hash_ = accounts.hash_password(PASSWORD)

    def person(name: str, role: Role = Role.LEARNER, **more: Any) -> User:
        user = User(
            email=f"{name.lower()}@example.com", name=name, role=role, password_hash=hash_,
            email_verified_at=more.pop("email_verified_at", START), created_at=START, **more,
        )  # fmt: skip
        db.session.add(user)
        return user

    db.session.add(PlatformSettings(id=1))
    ada = person("Ada", Role.CREATOR, vetted=True, bio="Ada teaches the web.")
    nia = person("Nia", Role.CREATOR)
    bo, _cy = person("Bo"), person("Cy")
    person("Una", email_verified_at=None)
    person("Mo", Role.ADMIN)
    db.session.flush()
    db.session.add_all(
        [
            CreatorProfile(user_id=ada.id, slug="ada", headline="Teaches the web", expertise=["Flask"]),
            CreatorProfile(user_id=nia.id, slug="nia", headline="New here"),
        ]
    )
    web = Category(name="Web", slug="web", description="Sites and servers.", icon="code", position=1)
    data = Category(name="Data", slug="data", description="Numbers.", icon="chart", position=2)
    db.session.add_all([web, data])
    db.session.flush()
    flask = Category(name="Flask", slug="flask", parent_id=web.id, position=1)
    db.session.add(flask)
    db.session.flush()
    course = _flask_course(ada, flask)
    _free_course(ada, data)
    _draft_course(nia, data)
    _sale(bo, ada, course)
    db.session.commit()


def load() -> Cast:
    """The cast as it stands in the database."""
    people = {u.name.lower(): u for u in db.session.scalars(db.select(User))}
    courses = {c.slug: c for c in db.session.scalars(db.select(Course))}
    lessons = {lesson.slug: lesson for lesson in db.session.scalars(db.select(Lesson))}
    categories = {c.slug: c for c in db.session.scalars(db.select(Category))}
    cast = Cast(
        **{name: people[name] for name in ("ada", "nia", "bo", "cy", "una", "mo")},
        flask_course=courses["flask-first-steps"],
        free_course=courses["reading-code"],
        draft_course=courses["secret-draft"],
        preview_lesson=lessons["hello-flask"],
        text_lesson=lessons["routes"],
        video_lesson=lessons["forms-on-film"],
        last_lesson=lessons["going-live"],
        free_lesson=lessons["why-read"],
        draft_lesson=lessons["not-yet"],
        web=categories["web"],
        flask_category=categories["flask"],
        data=categories["data"],
        order=db.session.scalars(db.select(Order)).one(),
        purchase=db.session.scalars(db.select(Purchase)).one(),
    )
    for f in fields(cast):
        db.session.expunge(getattr(cast, f.name))
    return cast


def _course(creator: User, category: Category, title: str, slug: str, **more: Any) -> Course:
    course = Course(
        title=title, slug=slug, summary=f"{title}, in short.", description="**Long** description.",
        description_html="<p><strong>Long</strong> description.</p>", creator_id=creator.id,
        category_id=category.id, created_at=START, content_updated_at=START, **more,
    )  # fmt: skip
    db.session.add(course)
    db.session.flush()
    return course


def _lessons(course: Course, modules: dict[str, list[dict[str, Any]]]) -> None:
    for position, (title, lessons) in enumerate(modules.items(), 1):
        module = Module(course_id=course.id, title=title, position=position)
        db.session.add(module)
        db.session.flush()
        for place, values in enumerate(lessons, 1):
            body = {"body": "Some *text*.", "body_html": "<p>Some <em>text</em>.</p>"}
            db.session.add(
                Lesson(course_id=course.id, module_id=module.id, position=place, **{**body, **values})
            )
    db.session.flush()
    course.lesson_count = sum(len(lessons) for lessons in modules.values())
    course.duration_seconds = sum(v.get("duration_seconds", 0) for ls in modules.values() for v in ls)


def _document(course: Course, keywords: str) -> None:
    document = search.document(course.id, course.language, course.title, [keywords], [course.summary])
    db.session.add(SearchDocument(**document))


def _flask_course(ada: User, category: Category) -> Course:
    course = _course(
        ada, category, "Flask, first steps", "flask-first-steps", level=Level.BEGINNER, tier=Tier.STANDARD,
        price_cents=1900, status=ProductStatus.PUBLISHED, published_at=START, technology="Flask",
        objectives=["Route requests", "Store data"], prerequisites=["Some Python"], holder_count=1,
        purchase_count=1,
        expires_at=START + timedelta(days=182), tags=[Tag(name="Python", slug="python")],
    )  # fmt: skip
    preview = {"visibility": LessonVisibility.PREVIEW}
    _lessons(
        course,
        {
            "Begin": [
                {"title": "Hello, Flask", "slug": "hello-flask", "duration_seconds": 300, **preview},
                {"title": "Routes", "slug": "routes", "duration_seconds": 600},
            ],
            "Go on": [
                {
                    "title": "Forms on film", "slug": "forms-on-film", "kind": LessonKind.VIDEO,
                    "duration_seconds": 120,
                },
                {"title": "Going live", "slug": "going-live", "duration_seconds": 900},
            ],
        },
    )  # fmt: skip
    _document(course, "Flask Python web beginner Ada")
    return course


def _free_course(ada: User, category: Category) -> None:
    course = _course(
        ada, category, "Reading code", "reading-code", price_cents=0, status=ProductStatus.PUBLISHED,
        published_at=START + timedelta(days=5), technology="Python", level=Level.INTERMEDIATE,
        expires_at=START + timedelta(days=187),
    )  # fmt: skip
    _lessons(course, {"Only": [{"title": "Why read", "slug": "why-read", "duration_seconds": 240}]})
    _document(course, "Python reading data Ada")


def _draft_course(nia: User, category: Category) -> None:
    course = _course(nia, category, "Secret draft", "secret-draft", price_cents=900, tier=Tier.QUICK_SKILL)
    preview = {"visibility": LessonVisibility.PREVIEW}
    _lessons(course, {"Soon": [{"title": "Not yet", "slug": "not-yet", "duration_seconds": 60, **preview}]})


def share_of(purchase: Purchase, course: Course, fee: int) -> PurchaseShare:
    """Give the whole purchase to the course's creator, less the platform's fee."""
    return PurchaseShare(
        purchase=purchase, creator_id=course.creator_id, course_id=course.id, list_cents=purchase.price_cents,
        amount_cents=purchase.amount_cents, platform_fee_cents=fee,
        creator_amount_cents=purchase.amount_cents - fee,
    )  # fmt: skip


def unguard_earnings() -> None:
    """Take the triggers off earnings and documents, for a transaction of a test that falsifies them."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    for name in ("earnings_kept", "earnings_unchanged", "documents_kept", "documents_unchanged"):
        db.session.execute(text(f"DROP TRIGGER IF EXISTS {name}"))


def _sale(bo: User, ada: User, course: Course) -> None:
    day = START + timedelta(days=10)
    order = Order(
        number="LN-TEST-0001", user_id=bo.id, cart_key=str(course.id), subtotal_cents=1900, total_cents=1900,
        currency="usd", status=OrderStatus.COMPLETED, stripe_session_id="cs_test_cast",
        stripe_payment_intent_id="pi_test_cast", created_at=day, completed_at=day,
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    purchase = Purchase(
        order_id=order.id, user_id=bo.id, owner_id=bo.id, product_id=course.id, price_cents=1900,
        amount_cents=1900, currency="usd", created_at=day, status=PurchaseStatus.COMPLETED,
        product_snapshot={"title": course.title, "summary": "", "creator": "Ada", "slug": course.slug},
    )  # fmt: skip
    share = share_of(purchase, course, fee=570)
    db.session.add(purchase)
    db.session.flush()
    db.session.add_all(
        [
            Earning(
                creator_id=ada.id, share_id=share.id, key=f"sale:{share.id.hex}", amount_cents=1330,
                currency="usd", available_at=day + timedelta(days=30), created_at=day,
            ),
            AccessGrant(
                user_id=bo.id, course_id=course.id, source=GrantSource.PURCHASE, source_id=purchase.id,
                purchase_id=purchase.id,
                granted_at=day,
            ),
            Enrollment(user_id=bo.id, course_id=course.id, enrolled_at=day, last_accessed_at=day),
        ]
    )  # fmt: skip
    db.session.refresh(order, ["purchases"])
    invoices.issue(order)
    db.session.execute(delete(Job).where(Job.kind == "make_document"))  # the worker has done nothing yet
