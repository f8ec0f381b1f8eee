"""Full-text search of products: writing documents, and looking up terms.

FTS5 on SQLite, a weighted tsvector on PostgreSQL. Words are folded here for both, so that both find the same.
"""

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.orm import aliased

import jobs
from domain.base import clock, word_folding
from domain.catalog import shown_lessons
from models import (
    Category,
    Course,
    Lesson,
    Module,
    Product,
    ProductStatus,
    SearchDocument,
    Tag,
    User,
    db,
    product_tags,
    upsert,
)

BATCH = 500
BODY_WORDS = 3000
_FINDABLE = (Product.status == ProductStatus.PUBLISHED, Product.deleted_at.is_(None))
_MARKUP = re.compile(r"```.*?```|https?://\S+|[`*_>#|\[\]()]", re.S)

# Ids are aggregated into one text for each field: fetching fifty thousand rows would cost ten times as much.
# The LIMIT tells PostgreSQL how few terms there are (one more than words.MAX_WORDS): it would otherwise
# estimate a query large enough for JIT compilation, which takes longer than the query.
_SQLITE = text(
    """
    SELECT
      (SELECT group_concat(rowid) FROM search_fts WHERE search_fts MATCH json_extract(term.value, '$[0]')),
      (SELECT group_concat(rowid) FROM search_fts WHERE search_fts MATCH json_extract(term.value, '$[1]')),
      (SELECT group_concat(rowid) FROM search_fts WHERE search_fts MATCH json_extract(term.value, '$[2]'))
    FROM json_each(:questions) AS term ORDER BY term.key
    """
)
_POSTGRESQL = text(
    """
    WITH term AS MATERIALIZED (
      SELECT number, to_tsquery('simple', asked->>0) AS title, to_tsquery('simple', asked->>1) AS near,
             to_tsquery('simple', asked->>2) AS anywhere
      FROM json_array_elements(CAST(:questions AS json)) WITH ORDINALITY AS one(asked, number)
      LIMIT 9
    )
    SELECT found.title, found.near, found.anywhere FROM term, LATERAL (
      SELECT string_agg(id::text, ',') FILTER (WHERE words_fts @@ term.title) AS title,
             string_agg(id::text, ',') FILTER (WHERE words_fts @@ term.near) AS near,
             string_agg(id::text, ',') AS anywhere
      FROM search_documents WHERE words_fts @@ term.anywhere
    ) AS found
    ORDER BY term.number
    """
)


class Term(NamedTuple):
    """A folded word, or with `begins` a prefix."""

    word: str
    begins: bool = False


class Postings(NamedTuple):
    """The document ids of a term: in the title; there or in the keywords; anywhere."""

    title: list[int]
    near: list[int]
    anywhere: list[int]


def find(terms: Sequence[Term]) -> list[Postings]:
    """Look up the postings of `terms` in one query."""
    on_postgresql = db.session.get_bind().dialect.name == "postgresql"
    statement, questions = (_POSTGRESQL, _tsqueries) if on_postgresql else (_SQLITE, _fts_queries)
    rows = db.session.execute(statement, {"questions": json.dumps([questions(term) for term in terms])}).all()
    return [Postings(*(list(map(int, ids.split(","))) if ids else [] for ids in row)) for row in rows]


def index(product: Product) -> None:
    """Write the search document of `product`; call it when a product is published or changed."""
    db.session.flush()
    _write([product.id])


def size() -> int:
    """Count the products that `reindex_all` goes through."""
    return int(db.session.scalar(select(func.count(Product.id)).where(*_FINDABLE)) or 0)


def reindex_all() -> Iterator[int]:
    """Rewrite the search documents of all products on sale; yields the number done after each batch.

    Documents of other products are deleted.
    """
    on_sale = select(Product.id).where(*_FINDABLE)
    db.session.execute(delete(SearchDocument).where(SearchDocument.product_id.not_in(on_sale)))
    ids = list(db.session.scalars(on_sale))
    for start in range(0, len(ids), BATCH):
        _write(ids[start : start + BATCH])
        yield min(start + BATCH, len(ids))


def reindex_category(category_id: str, after: str | None = None) -> None:
    """Rewrite the documents of the next BATCH products in a category or below, then enqueue the rest.

    Only of products indexed already. The last batch sets the category's `updated_at`, so that every process
    reloads its catalogue.
    """
    category = db.session.get(Category, uuid.UUID(category_id))
    if category is None:
        return
    below = select(Category.id).where(or_(Category.id == category.id, Category.parent_id == category.id))
    query = select(SearchDocument.product_id).join(Product, Product.id == SearchDocument.product_id)
    query = query.where(Product.category_id.in_(below))
    if after is not None:
        query = query.where(Product.id > uuid.UUID(after))
    ids = list(db.session.scalars(query.order_by(Product.id).limit(BATCH)))
    _write(ids)
    if len(ids) == BATCH:
        jobs.enqueue("reindex_category", category_id=category_id, after=str(ids[-1]))
    else:
        category.updated_at = clock.now()


def reindex_creator(creator_id: str) -> None:
    """Rewrite the documents of a creator's products, which contain their name, and set `updated_at`."""
    theirs = select(Product.id).where(Product.creator_id == uuid.UUID(creator_id), *_FINDABLE)
    ids = list(db.session.scalars(theirs))
    _write(ids)
    db.session.execute(update(Product).where(Product.id.in_(ids)).values(updated_at=clock.now()))


def forget(product: Product) -> None:
    """Delete the search document of `product`."""
    db.session.execute(delete(SearchDocument).where(SearchDocument.product_id == product.id))


def _fts_queries(term: Term) -> list[str]:
    """Build FTS5 queries. The word is quoted, so that nothing in it is taken for an operator."""
    question = f'"{term.word}"{"*" if term.begins else ""}'
    return [f"{{title}} : {question}", f"{{title keywords}} : {question}", question]


def _tsqueries(term: Term) -> list[str]:
    """Build tsqueries; A and B are the weights of title and keywords."""
    star = "*" if term.begins else ""
    return [f"'{term.word}':{star}A", f"'{term.word}':{star}AB", f"'{term.word}'{':*' if star else ''}"]


def _write(ids: list[uuid.UUID]) -> None:
    documents = _documents(ids)
    if not documents:
        return
    insert = upsert(SearchDocument)
    changed = {name: insert.excluded[name] for name in ("title", "keywords", "body")}
    statement = insert.on_conflict_do_update(index_elements=["product_id"], set_=changed)
    db.session.execute(statement, documents)


def _documents(ids: list[uuid.UUID]) -> list[dict[str, Any]]:
    parent = aliased(Category)
    query = (
        select(
            Product.id, Product.title, Product.summary, Product.description, Product.level, User.name,
            Course.technology, Course.objectives, Category.name.label("category"),
            parent.name.label("parent"),
        )
        .select_from(Product.__table__)
        .outerjoin(Course.__table__, Course.__table__.c.id == Product.__table__.c.id)
        .join(User, User.id == Product.creator_id)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(parent, parent.id == Category.parent_id)
        .where(Product.__table__.c.id.in_(ids))
    )  # fmt: skip
    tags, titles = _tags(ids), _titles(ids)
    return [
        {
            "product_id": row.id,
            "title": _words(row.title),
            "keywords": _words(
                row.technology or "", *tags[row.id], row.category, row.parent or "", row.name, row.level.value
            ),
            "body": _words(
                row.summary, *(row.objectives or ()), *titles[row.id], _MARKUP.sub(" ", row.description)
            ),
        }
        for row in db.session.execute(query)
    ]


def _tags(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    query = (
        select(product_tags.c.product_id, Tag.name)
        .join(Tag, Tag.id == product_tags.c.tag_id)
        .where(product_tags.c.product_id.in_(ids))
        .order_by(Tag.name)
    )
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for product_id, name in db.session.execute(query):
        found[product_id].append(name)
    return found


def _titles(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """List by course the titles of shown lessons and of their modules, in order."""
    query = (
        select(Module.course_id, Module.id, Module.title, Lesson.title)
        .join(Lesson, Lesson.module_id == Module.id)
        .where(Module.course_id.in_(ids), shown_lessons.shown())
        .order_by(Module.course_id, Module.position, Lesson.position)
    )
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    last = None
    for course_id, module_id, module, lesson in db.session.execute(query):
        if module_id != last:
            found[course_id].append(module)
            last = module_id
        found[course_id].append(lesson)
    return found


def _words(*texts: str) -> str:
    return " ".join(word_folding.split(" ".join(texts))[:BODY_WORDS])
