"""The query of the course page, in two variants: signed out and signed in."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, literal, or_, select

from domain.base.json_rows import json_array_of_rows
from domain.base.sql import asked_last
from domain.cart import wishlist
from domain.catalog import availability, pricing, shown_lessons
from domain.catalog.cards import categories, creator_slug, people, profiles
from domain.catalog.index.index_builder import courses, products
from domain.commerce import orders
from domain.community import course_reports
from domain.coupons import candidates
from domain.learning import access_facts, library
from models import (
    AccessGrant,
    BundleCourse,
    CodeArchive,
    Enrollment,
    Lesson,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    Module,
    Order,
    Purchase,
    PurchaseStatus,
    Tag,
    course_prerequisites,
    product_tags,
)

enrollments, lessons, modules, tags = (t.__table__ for t in (Enrollment, Lesson, Module, Tag))


def _row(with_visitor: bool) -> Select[Any]:
    p, c, parent = products.c, courses.c, categories.alias("parents")
    now = bindparam("now", type_=p.published_at.type)
    held: ColumnElement[bool] = literal(False)
    wished: ColumnElement[bool] = literal(False)
    progress: Any = literal(None)
    finished: Any = literal(None)
    begun: Any = literal(False)
    report: Any = literal(None)
    order: Any = literal(None)
    bought: Any = literal(None)
    if with_visitor:
        visitor = bindparam("visitor", type_=p.id.type)
        held = _holds(visitor, now)
        wished = wishlist.wished(visitor, p.id)
        report = course_reports.looked_at(visitor, p.id)
        order = _order_under_way(visitor)
        bought = _paid_order(visitor, bindparam("asks_from", type_=p.published_at.type))
        enrolled = (enrollments.c.user_id == visitor) & (enrollments.c.course_id == p.id)
        progress = select(enrollments.c.progress_percent).where(enrolled).scalar_subquery()
        finished = select(enrollments.c.completed_at).where(enrolled).scalar_subquery()
        begun = select(library.begun(enrollments.c)).where(enrolled).scalar_subquery()
    return (
        select(
            p.id, p.kind, p.slug, p.title, p.summary, p.description_html, p.level, p.tier, p.price_cents,
            pricing.price_at(now).label("price_now_cents"),
            pricing.reference_at(now).label("reference_cents"),
            pricing.sale_end_at(now).label("sale_ends_at"), p.currency, p.rating_avg, p.rating_count,
            p.holder_count, p.status, p.visibility, p.published_at, p.meta_title, p.meta_description,
            p.creator_id, p.category_id, p.thumbnail, p.deleted_at,
            c.technology, c.language, c.objectives, c.prerequisites, c.sequential,
            c.duration_seconds, c.lesson_count, c.content_updated_at, c.expires_at,
            people.c.name.label("creator_name"), creator_slug().label("creator_slug"),
            people.c.avatar.label("creator_avatar"), _film().label("film"), _has_code().label("has_code"),
            profiles.c.headline.label("creator_headline"),
            categories.c.name.label("category_name"), categories.c.slug.label("category_slug"),
            parent.c.name.label("parent_name"), parent.c.slug.label("parent_slug"),
            _in_bundles(now).label("is_in_bundles"),
            candidates.any_automatic().label("has_automatic_coupons"),
            held.label("is_owned"), wished.label("is_wished"), progress.label("progress"),
            finished.label("finished_at"), begun.label("is_begun"),
            report.label("report"), order.label("order_number"), bought.label("paid_order"),
            _tags().label("tags"), _required(now).label("required"),
            _curriculum().label("curriculum"),
        )
        .select_from(
            products.join(courses, c.id == p.id)
            .join(people, people.c.id == p.creator_id)
            .outerjoin(profiles, profiles.c.user_id == p.creator_id)
            .join(categories, categories.c.id == p.category_id)
            .outerjoin(parent, parent.c.id == categories.c.parent_id)
        )
        .where(p.slug == bindparam("slug"), or_(p.deleted_at.is_(None), held))
    )  # fmt: skip


def _order_under_way(visitor: Any) -> Any:
    """Build the subquery of the number of `visitor`'s order for it that a bank is paying."""
    order, line = Order.__table__, Purchase.__table__
    return (
        select(order.c.number)
        .join(line, line.c.order_id == order.c.id)
        .where(line.c.product_id == products.c.id, *orders.under_way(visitor))
        .limit(1)
        .correlate(products)
        .scalar_subquery()
    )


def _paid_order(visitor: Any, since: Any) -> Any:
    """Build the subquery of the number of the order, paid after `since`, by which `visitor` bought it."""
    order, line, grant = Order.__table__, Purchase.__table__, AccessGrant.__table__
    return (
        select(order.c.number)
        .select_from(
            grant.join(line, line.c.id == grant.c.purchase_id).join(order, order.c.id == line.c.order_id)
        )
        .where(
            grant.c.user_id == visitor,
            grant.c.course_id == products.c.id,
            grant.c.revoked_at.is_(None),
            line.c.user_id == visitor,
            line.c.status == PurchaseStatus.COMPLETED,
            line.c.amount_cents > 0,
            order.c.completed_at > since,
        )
        .order_by(order.c.completed_at.desc())
        .limit(1)
        .correlate(products)
        .scalar_subquery()
    )


def _in_bundles(now: Any) -> Any:
    """Build the SQL condition that the catalogue lists a bundle with it at `now`, a parameter."""
    bundle, none, link = products.alias("with_it"), courses.alias("no_course"), BundleCourse.__table__
    with_it = link.join(bundle, bundle.c.id == link.c.bundle_id).outerjoin(none, none.c.id == bundle.c.id)
    return (
        select(link.c.bundle_id)
        .select_from(with_it)
        .where(
            link.c.course_id == products.c.id,
            link.c.agreed_at.is_not(None),
            asked_last(availability.listed(now, bundle.c, none.c)),
        )
        .exists()
    )


def _tags() -> Any:
    """Build the subquery of (name, slug) of each tag."""
    return (
        select(json_array_of_rows(tags.c.name, tags.c.slug))
        .select_from(tags.join(product_tags, product_tags.c.tag_id == tags.c.id))
        .where(product_tags.c.product_id == products.c.id)
        .scalar_subquery()
    )


def _required(now: Any) -> Any:
    """Build the subquery of (title, slug, is a lock) of each prerequisite published at `now`, a parameter."""
    first, dated = products.alias("required"), courses.alias("dated")
    return (
        select(
            json_array_of_rows(first.c.title, first.c.slug, course_prerequisites.c.locks_since.is_not(None))
        )
        .select_from(
            course_prerequisites.join(first, first.c.id == course_prerequisites.c.prerequisite_id).join(
                dated, dated.c.id == first.c.id
            )
        )
        .where(
            course_prerequisites.c.course_id == products.c.id,
            asked_last(availability.published(now, first.c, dated.c)),
        )
        .scalar_subquery()
    )


def _curriculum() -> Any:
    """Build the subquery of the visible lessons, each with its module's columns."""
    columns = (
        modules.c.position, lessons.c.position, modules.c.title, modules.c.description, lessons.c.title,
        lessons.c.slug, lessons.c.kind, lessons.c.duration_seconds,
        lessons.c.visibility == LessonVisibility.PREVIEW,
    )  # fmt: skip
    return (
        select(json_array_of_rows(*columns))
        .select_from(modules.join(lessons, lessons.c.module_id == modules.c.id))
        .where(modules.c.course_id == products.c.id, shown_lessons.shown())
        .scalar_subquery()
    )


def _film() -> Any:
    """Build the subquery of the id of the preview film, once it can be played."""
    film = MediaAsset.__table__.c
    is_it = and_(
        film.lesson_id.is_(None),
        film.proposed_for.is_(None),
        film.proposed_film == false(),
        film.status == MediaStatus.READY,
    )
    return (
        select(film.id).where(film.course_id == products.c.id, asked_last(is_it)).limit(1).scalar_subquery()
    )


def _has_code() -> Any:
    archive = CodeArchive.__table__.c
    return select(archive.id).where(archive.course_id == products.c.id, archive.pending == false()).exists()


def _holds(visitor: Any, now: Any) -> ColumnElement[bool]:
    """Build the SQL condition "`visitor` has a valid grant at `now`", both of them parameters."""
    held = access_facts.holding(visitor, products.c.id, now)
    return select(AccessGrant.id).where(*held).exists()


STRANGERS, VISITORS = _row(with_visitor=False), _row(with_visitor=True)
