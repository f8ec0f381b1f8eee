"""The course to go on with after one is completed."""

from sqlalchemy import select

from domain.base import clock
from domain.catalog.cards import CourseCard, card_of, cards_query
from domain.catalog.index.index_builder import products
from domain.commerce import orders
from domain.learning import access_facts
from models import Course, Order, Purchase, User, db


def by_the_same_creator(user: User, course: Course) -> CourseCard | None:
    """Find the newest listed course of the creator that `user` neither has nor is paying for."""
    line = Purchase.__table__.c
    on_its_way = (
        select(line.product_id).join(Order, Order.id == line.order_id).where(*orders.under_way(user.id))
    )
    query = (
        cards_query()
        .where(
            products.c.creator_id == course.creator_id,
            products.c.id != course.id,
            ~access_facts.having(user.id, products.c.id),
            products.c.id.not_in(on_its_way),
        )
        .order_by(products.c.published_at.desc(), products.c.id)
        .limit(1)
    )
    row = db.session.execute(query, {"now": clock.now()}).first()
    return card_of(row) if row else None
