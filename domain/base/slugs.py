"""Addresses made from titles: short, readable, unique, and remembered after a rename."""

import re
import uuid

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.base.word_folding import fold
from models import CreatorProfile, Lesson, Product, SlugRedirect, db

LENGTH = 80
READ = 1000  # characters of a title that an address is made of
_INSIDE_A_WORD = re.compile(r"(?<=[^\W_])['’](?=[^\W_])")


def slugify(text: str, fallback: str = "untitled") -> str:
    """`text` in lower-case ASCII words joined by hyphens, at most LENGTH characters.

    An apostrophe parts no word: “Nobody’s business” is nobodys-business. A text without a letter that ASCII
    can tell gives `fallback`.
    """
    words = re.findall(r"[a-z0-9]+", fold(_INSIDE_A_WORD.sub("", text[:READ])))
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:LENGTH]
        if len(longer) > LENGTH:
            break
        slug = longer
    return slug or fallback


def for_product(title: str, product_id: uuid.UUID | None = None) -> str:
    """A free address for a product called `title`; its own, present or former, counts as free."""
    others = select(Product.slug).where(Product.id != product_id) if product_id else select(Product.slug)
    former = select(SlugRedirect.slug)
    if product_id:
        former = former.where(SlugRedirect.product_id != product_id)
    base = slugify(title, "course")
    taken = set(db.session.scalars(others.where(_numbered(Product.slug, base))))
    taken |= set(db.session.scalars(former.where(_numbered(SlugRedirect.slug, base))))
    return free(base, taken)


def for_lesson(title: str, course_id: uuid.UUID, lesson_id: uuid.UUID | None = None) -> str:
    """A free address for a lesson called `title` within its course."""
    base = slugify(title, "lesson")
    query = select(Lesson.slug).where(Lesson.course_id == course_id, _numbered(Lesson.slug, base))
    if lesson_id:
        query = query.where(Lesson.id != lesson_id)
    return free(base, set(db.session.scalars(query)))


def for_creator(name: str) -> str:
    """A free address for the page of a creator called `name`."""
    base = slugify(name, "creator")
    return free(
        base, set(db.session.scalars(select(CreatorProfile.slug).where(_numbered(CreatorProfile.slug, base))))
    )


def rename(product: Product, slug: str) -> None:
    """Give `product` the address `slug` and let the one it had lead there."""
    if slug == product.slug:
        return
    db.session.execute(delete(SlugRedirect).where(SlugRedirect.slug.in_((slug, product.slug))))
    db.session.add(SlugRedirect(slug=product.slug, product_id=product.id))
    product.slug = slug
    db.session.flush()


def _numbered(column: ColumnElement[str] | InstrumentedAttribute[str], base: str) -> ColumnElement[bool]:
    """`base` itself and with numbers behind it, with few others: a range that the index of slugs holds.

    In every collation a hyphen, if it counts at all, stands before digits and digits before letters.
    """
    return column.between(base, f"{base}-a")


def free(base: str, taken: set[str]) -> str:
    """`base`, or with the first number behind it that is not in `taken`."""
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
