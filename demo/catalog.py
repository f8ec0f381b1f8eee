"""The demo's people, categories and courses."""

from datetime import datetime, timedelta
from typing import Any

from demo.source import CourseSource
from domain.base import markdown
from domain.base.slugs import slugify
from domain.catalog import price_history
from domain.catalog.index import search
from domain.people import accounts, address_history
from models import (
    Category,
    Course,
    CreatorProfile,
    Lesson,
    LessonKind,
    LessonVisibility,
    Level,
    Module,
    PriceChange,
    Product,
    ProductStatus,
    Role,
    Tag,
    Tier,
    User,
    course_prerequisites,
    db,
)

PASSWORD = "lectern-demo"
FRESH_FOR = timedelta(days=183)


def add_people(people: dict[str, list[dict[str, Any]]], now: datetime) -> dict[str, User]:
    """Insert everyone; returns them by email, creators also by the slug of their page.

    All share one password.
    """
    password_hash = accounts.hash_password(PASSWORD)
    found: dict[str, User] = {}
    rows = [
        *((row, Role(row["role"])) for row in people["accounts"]),
        *((row, Role.CREATOR) for row in people["creators"]),
        *((row, Role.LEARNER) for row in people["learners"]),
    ]
    for row, role in rows:
        user = User(
            email=row["email"],
            name=row["name"],
            role=role,
            password_hash=password_hash,
            timezone=row.get("timezone", "UTC"),
            vetted=row.get("vetted", False),
            bio=row.get("bio", ""),
            email_verified_at=now - timedelta(days=400),
            created_at=now - timedelta(days=400),
            **row.get("links", {}),
        )
        db.session.add(user)
        found[row["email"]] = user
        if role == Role.CREATOR:
            found[row["slug"]] = user
    db.session.flush()
    for row, _ in rows:
        if "address_before" in row:
            address_history.remember(found[row["email"]], row["address_before"])
    for row in people["creators"]:
        db.session.add(_profile(row, found[row["slug"]]))
    return found


def _profile(row: dict[str, Any], user: User) -> CreatorProfile:
    return CreatorProfile(
        user_id=user.id,
        slug=row["slug"],
        headline=row["headline"],
        expertise=row["expertise"],
        years_experience=row["years_experience"],
    )


def add_categories(rows: list[dict[str, Any]]) -> dict[str, Category]:
    """Insert the categories and subcategories; returns them by slug."""
    found: dict[str, Category] = {}
    for position, row in enumerate(rows, 1):
        parent = _category(row, row, position)
        found[parent.slug] = parent
        db.session.flush()
        for place, child_row in enumerate(row.get("subcategories", []), 1):
            child = _category(child_row, row, place)
            child.parent_id = parent.id
            found[child.slug] = child
    db.session.flush()
    return found


def _category(row: dict[str, Any], looks: dict[str, Any], position: int) -> Category:
    category = Category(
        name=row["name"],
        slug=row["slug"],
        description=row["description"],
        icon=looks["icon"],
        color=looks["color"],
        position=position,
    )
    db.session.add(category)
    return category


def add_course(
    source: CourseSource,
    people: dict[str, User],
    categories: dict[str, Category],
    tags: dict[str, Tag],
    now: datetime,
) -> Course:
    """Insert one course with its modules and lessons; `tags` collects the tags created, by slug."""
    data = source.data
    draft = data.get("status", "published") != "published"
    published = None if draft else now - timedelta(days=data["published_days_ago"])
    updated = now - timedelta(days=data.get("updated_days_ago", 3))
    course = Course(
        title=data["title"],
        slug=source.slug,
        summary=data["summary"],
        description=data["description"],
        description_html=markdown.render(data["description"]).html,
        creator_id=people[data["creator"]].id,
        category_id=categories[data["category"]].id,
        level=Level(data["level"]),
        tier=Tier(data["tier"]) if "tier" in data else None,
        price_cents=data["price_cents"],
        sale_price_cents=data.get("sale_price_cents"),
        sale_ends_at=now + timedelta(days=data["sale_days"]) if "sale_days" in data else None,
        status=ProductStatus.DRAFT if draft else ProductStatus.PUBLISHED,
        featured=data.get("featured", False),
        published_at=published,
        created_at=(published or updated) - timedelta(days=20),
        technology=data["technology"],
        language=data["language"],
        objectives=data["objectives"],
        prerequisites=data["prerequisites"],
        sequential=data.get("sequential", False),
        content_updated_at=updated,
        expires_at=max(published, updated) + FRESH_FOR if published else None,
        tags=[_tag(name, tags) for name in data["tags"]],
    )
    db.session.add(course)
    db.session.flush()
    add_prices(course, now)
    _add_modules(course, source)
    if not draft:
        search.index(course)
    return course


def add_prices(course: Product, now: datetime) -> None:
    """Add the history of the price: since publication, and of a sale since the day before yesterday."""
    since = course.published_at or course.created_at
    rows = [(since, course.price_cents)]
    if course.sale_price_cents is not None and course.sale_ends_at is not None:
        rows += [
            (now - timedelta(days=2), course.sale_price_cents),
            (course.sale_ends_at, course.price_cents),
        ]
        course.reference_price_cents = price_history.reference(
            rows, course.sale_price_cents, course.sale_ends_at
        )
    db.session.add_all(
        PriceChange(product_id=course.id, applies_from=at, price_cents=cents, currency=course.currency)
        for at, cents in rows
    )


def link_prerequisites(sources: list[CourseSource], courses: dict[str, Course]) -> None:
    """Link prerequisite courses, once all of them exist."""
    for source in sources:
        course, locking = courses[source.slug], source.data.get("locked_until_finished", [])
        for slug in source.data.get("prerequisite_courses", []):
            # Since it went on sale: everybody who bought it knew.
            since = (course.published_at or course.created_at) if slug in locking else None
            row = {"course_id": course.id, "prerequisite_id": courses[slug].id, "locks_since": since}
            db.session.execute(course_prerequisites.insert().values(row))
    db.session.flush()


def _tag(name: str, tags: dict[str, Tag]) -> Tag:
    return tags.setdefault(slugify(name), Tag(name=name, slug=slugify(name)))


def _add_modules(course: Course, source: CourseSource) -> None:
    for position, row in enumerate(source.data["modules"], 1):
        module = Module(
            course_id=course.id,
            title=row["title"],
            description=row.get("description", ""),
            position=position,
        )
        db.session.add(module)
        db.session.flush()
        for place, lesson_row in enumerate(row["lessons"], 1):
            db.session.add(_lesson(course, module, source, lesson_row, place))
    lessons = source.lessons()
    course.lesson_count = len(lessons)
    course.duration_seconds = sum(lesson["duration_seconds"] for lesson in lessons)
    db.session.flush()


def _lesson(course: Course, module: Module, source: CourseSource, row: dict[str, Any], place: int) -> Lesson:
    body = source.body(row)
    return Lesson(
        course_id=course.id,
        module_id=module.id,
        title=row["title"],
        slug=slugify(row["title"]),
        description=row.get("description", ""),
        position=place,
        kind=LessonKind(row["kind"]),
        visibility=LessonVisibility(row["visibility"]),
        body=body,
        body_html=markdown.render(body).html if body else "",
        external_video_url=row.get("external_video_url"),
        duration_seconds=row["duration_seconds"],
    )
