"""Slugs made from titles: short, readable, unique; former ones redirect after a rename."""

import re
import unicodedata
import uuid
from typing import Any

from anyascii import anyascii
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.base.text import composed, visible
from models import CreatorProfile, Lesson, Product, SlugRedirect, db

LENGTH = 80
LONGEST = 100  # of those that exist: numbers used to be appended beyond LENGTH
READ = 1000  # characters of a title that count
_INSIDE_A_WORD = re.compile(r"(?<=\w)['’ʼ`](?=\w)")
# Names that would lose what distinguishes them: C++ is not C.
_NAMES = (
    (re.compile(r"(?<!\w)c\+\+", re.I), "c plus plus "),
    (re.compile(r"(?<!\w)([cfj])#", re.I), r"\1 sharp "),
    (re.compile(r"(?<!\w)\.net\b", re.I), "dot net "),
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def slugify(text: str, fallback: str = "untitled", language: str = "") -> str:
    """Transliterate `text` to lower-case ASCII words joined by hyphens, at most LENGTH characters.

    An apostrophe doesn't split a word: “Nobody’s business” is nobodys-business. Only in German, by the
    BCP 47 tag `language`, ä is ae; elsewhere it is a. A text without letters and digits gives `fallback`.
    """
    words = re.findall(r"[a-z0-9]+", _ascii(text[:READ], language))
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:LENGTH]
        if len(longer) > LENGTH:
            break
        slug = longer
    return slug or fallback


def _ascii(text: str, language: str) -> str:
    """Transliterate letters and digits of every script; other signs become blanks."""
    text = _INSIDE_A_WORD.sub("", text)
    for pattern, name in _NAMES:
        text = pattern.sub(name, text)
    if not text.isascii():
        text = composed(visible(text))
        text = text.translate(_GERMAN) if re.split("[-_]", language.lower())[0] == "de" else text
        text = "".join(c if c.isascii() or unicodedata.category(c)[0] in "LMN" else " " for c in text)
        text = _INSIDE_A_WORD.sub("", anyascii(text))  # it writes some letters as apostrophes
    return text.lower()


def for_product(title: str, product_id: uuid.UUID | None = None, language: str = "") -> str:
    """Find a free slug for a product; its own, present or former, count as free."""
    others = select(Product.slug).where(Product.id != product_id) if product_id else select(Product.slug)
    former = select(SlugRedirect.slug)
    if product_id:
        former = former.where(SlugRedirect.product_id != product_id)
    base = slugify(title, "course", language)
    taken = set(db.session.scalars(others.where(_numbered(Product.slug, base))))
    taken |= set(db.session.scalars(former.where(_numbered(SlugRedirect.slug, base))))
    return free(base, taken)


def for_lesson(
    title: str, course_id: uuid.UUID, lesson_id: uuid.UUID | None = None, language: str = ""
) -> str:
    """Find a free slug for a lesson, unique within its course."""
    base = slugify(title, "lesson", language)
    query = select(Lesson.slug).where(Lesson.course_id == course_id, _numbered(Lesson.slug, base))
    if lesson_id:
        query = query.where(Lesson.id != lesson_id)
    return free(base, set(db.session.scalars(query)))


def for_creator(name: str) -> str:
    """Find a free slug for a creator's page."""
    base = slugify(name, "creator")
    return free(
        base, set(db.session.scalars(select(CreatorProfile.slug).where(_numbered(CreatorProfile.slug, base))))
    )


def rename(product: Product, slug: str) -> None:
    """Change the slug of `product`; the former one redirects."""
    if slug == product.slug:
        return
    db.session.execute(delete(SlugRedirect).where(SlugRedirect.slug.in_((slug, product.slug))))
    db.session.add(SlugRedirect(slug=product.slug, product_id=product.id))
    product.slug = slug
    db.session.flush()


def product_id_at(slug: Any) -> ColumnElement[uuid.UUID]:
    """Build the SQL expression of the id of the product at `slug`, a present or a former one; else NULL.

    `slug` is a text, a parameter or a column.
    """
    own, former = Product.__table__.alias("at_slug"), SlugRedirect.__table__.alias("before_slug")
    present = select(own.c.id).where(own.c.slug == slug).scalar_subquery()
    renamed = select(former.c.product_id).where(former.c.slug == slug).scalar_subquery()
    return func.coalesce(present, renamed)


def is_slug(text: str) -> bool:
    """Tell whether `text` can be a slug: lower-case ASCII words joined by hyphens."""
    return len(text) <= LONGEST and re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", text) is not None


def _numbered(column: ColumnElement[str] | InstrumentedAttribute[str], base: str) -> ColumnElement[bool]:
    """Match `base` and its numbered forms, and little else, as range scans of the slugs' index.

    In every collation a hyphen, if it counts at all, sorts before digits and digits before letters.
    """
    forms = dict.fromkeys([base, *(_shortened(base, digits) for digits in range(1, 6))])
    return or_(*(column.between(form, f"{form}-a") for form in forms))


def _shortened(base: str, digits: int) -> str:
    """Cut `base` between words so that a hyphen and a number of so many digits fit behind it."""
    most = LENGTH - 1 - digits
    if len(base) <= most:
        return base
    return base[: most + 1].rpartition("-")[0] or base[:most]


def free(base: str, taken: set[str]) -> str:
    """Append the first number to `base` that makes it free of `taken`, if need be; at most LENGTH long."""
    if base not in taken:
        return base
    number = 2
    while (name := f"{_shortened(base, len(str(number)))}-{number}") in taken:
        number += 1
    return name
