"""Full-text search of products: writing documents, and looking up terms.

FTS5 on SQLite, a weighted tsvector on PostgreSQL. Texts are cut into words and stems here for both, so that
both find the same. Each field of a document has its words on the first line, and on the second what is only
searched: stems, and in the keywords the names of the course's language.
"""

import json
import re
import unicodedata
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from babel import Locale, UnknownLocaleError
from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.orm import aliased

import jobs
from domain.base import clock
from domain.catalog import shown_lessons
from domain.catalog.index import stems, words
from domain.catalog.index.terms import Form, Term
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
OUTDATED = 100  # rewritten in one transaction: SQLite lets nobody else write meanwhile
BODY_WORDS = 3000
MOST_TERMS = 16  # in one query
# Raise the number when documents are written differently: those of another version are written anew.
VERSION = f"1 {unicodedata.unidata_version} {stems.VERSION}"
NAMES_IN = ("en", "de", "es", "fr", "it", "nl", "pt")  # a course in German is found by these names of German
_NOTHING = '""'
_NEUTRAL = "en"  # stems of products without a language
_FINDABLE = (Product.status == ProductStatus.PUBLISHED, Product.deleted_at.is_(None))
_MARKUP = re.compile(r"```.*?```|https?://\S+|[`*_>#|\[\]()]", re.S)

# Ids are aggregated into one text for each field: fetching fifty thousand rows would cost ten times as much.
# The LIMIT tells PostgreSQL how few terms there are (MOST_TERMS): it would otherwise estimate a
# query large enough for JIT compilation, which takes longer than the query.
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
      LIMIT 16
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


class Postings(NamedTuple):
    """The document ids of a term: in the title; there or in the keywords; anywhere.

    Of a term that is only looked up in titles, only the first counts.
    """

    title: list[int]
    near: list[int]
    anywhere: list[int]


def find(terms: Sequence[Term]) -> list[Postings]:
    """Look up the postings of `terms`, in one query if they are at most MOST_TERMS."""
    on_postgresql = db.session.get_bind().dialect.name == "postgresql"
    statement, questions = (_POSTGRESQL, _tsqueries) if on_postgresql else (_SQLITE, _fts_queries)
    asked = [questions(term) for term in terms]
    batches = (json.dumps(asked[at : at + MOST_TERMS]) for at in range(0, len(asked), MOST_TERMS))
    rows = (row for batch in batches for row in db.session.execute(statement, {"questions": batch}).all())
    return [_postings(*row) for row in rows]


def _postings(*fields: str | None) -> Postings:
    """Parse lists of ids; each includes the one before it, so of equal length they are the same."""
    found: list[list[int]] = []
    for before, ids in zip((None, *fields), fields, strict=False):
        same = found and len(ids or "") == len(before or "")
        found.append(found[-1] if same else list(map(int, ids.split(","))) if ids else [])
    return Postings(*found)


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


def reindex_outdated() -> None:
    """Rewrite up to OUTDATED documents of another version than VERSION, then enqueue the rest.

    Until they are done, searches find less in them. Processes reload their catalogue after the last.
    """
    query = select(SearchDocument.product_id).where(
        or_(SearchDocument.version < VERSION, SearchDocument.version > VERSION)  # ranges of the index
    )
    ids = list(db.session.scalars(query.limit(OUTDATED)))
    _write(ids)
    if len(ids) == OUTDATED:
        jobs.enqueue("reindex_outdated")


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
    """Build FTS5 queries. Words are quoted, so that none is taken for an operator; "" finds nothing."""

    def form(words_: Form) -> str:
        return f"({' AND '.join(_quoted(word, chr(34), '*') for word in words_)})"

    question = f"({' OR '.join(map(form, term.forms))})"
    title = f"{{title}} : {question}"
    return (
        [title, _NOTHING, _NOTHING]
        if term.in_title
        else [title, f"{{title keywords}} : {question}", question]
    )


def _tsqueries(term: Term) -> list[str | None]:
    """Build tsqueries; A and B are the weights of title and keywords."""

    def question(weight: str) -> str:
        forms = (" & ".join(_quoted(word, "'", ":*", weight) for word in form) for form in term.forms)
        return " | ".join(f"({form})" for form in forms)

    return (
        [question("A"), None, question("A")]
        if term.in_title
        else [question("A"), question("AB"), question("")]
    )


def _quoted(word: str, quote: str, star: str, weight: str = "") -> str:
    kept = word.removesuffix("*")
    mark = star if kept != word else ":" if weight else ""
    return f"{quote}{kept}{quote}{mark}{weight}"


def _write(ids: list[uuid.UUID]) -> None:
    documents = _documents(ids)
    if not documents:
        return
    insert = upsert(SearchDocument)
    changed = {name: insert.excluded[name] for name in ("title", "keywords", "body", "version")}
    statement = insert.on_conflict_do_update(index_elements=["product_id"], set_=changed)
    db.session.execute(statement, documents)


def _documents(ids: list[uuid.UUID]) -> list[dict[str, Any]]:
    parent = aliased(Category)
    query = (
        select(
            Product.id, Product.title, Product.summary, Product.description, Product.level, User.name,
            Course.technology, Course.objectives, Course.language, Category.name.label("category"),
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
        document(
            row.id,
            row.language or "",
            row.title,
            (row.technology or "", *tags[row.id], row.category, row.parent or "", row.name, row.level.value),
            (row.summary, *(row.objectives or ()), *titles[row.id], _MARKUP.sub(" ", row.description)),
        )
        for row in db.session.execute(query)
    ]


def document(
    product_id: uuid.UUID, tag: str, title: str, keywords: Iterable[str], body: Iterable[str]
) -> dict[str, Any]:
    """Build the row of a search document from texts in a language (a BCP 47 `tag`, or "")."""
    language = tag.split("-")[0].lower()
    return {
        "product_id": product_id,
        "title": _written([title], language),
        "keywords": _written(keywords, language, _names_of(language)),
        "body": _written(body, language),
        "version": VERSION,
    }


def _written(texts: Iterable[str], language: str, also: Iterable[str] = ()) -> str:
    """Write a field of a document: its words, and on a second line their stems and the words of `also`."""
    found = words.of_document(" \n".join(texts))[:BODY_WORDS]
    searched = {form for word in set(found) for form in stems.of(word, (language or _NEUTRAL,))}
    searched.update(word for text in also for word in words.of_document(text))
    return f"{' '.join(found)}\n{' '.join(sorted(searched.difference(found)))}"


@cache
def _names_of(language: str) -> tuple[str, ...]:
    """List the names of a language in itself and in NAMES_IN (CLDR)."""
    names = (_languages_in(one).get(language) for one in (language, *NAMES_IN))
    return tuple(dict.fromkeys(name for name in names if name)) if language else ()


@cache
def _languages_in(language: str) -> dict[str, str]:
    try:
        return dict(Locale.parse(language).languages)
    except (ValueError, UnknownLocaleError):
        return {}


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
