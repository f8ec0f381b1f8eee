"""Rendering stored texts again when the renderer has changed: a job that the worker starts by itself.

`platform_settings.rendered_with` is the VERSION with which all stored HTML was made, at least. Texts that are
saved meanwhile are rendered by the new code anyway.
"""

import uuid
from typing import Any, NamedTuple

from sqlalchemy import null, select, update

import jobs
from domain import Refused
from domain.authoring.page_drafts import own_host
from domain.base import highlighting, markdown
from domain.catalog import counters
from models import Lesson, LessonKind, PlatformSettings, Product, db

VERSION = 2  # of the HTML of texts; raise it with every change of the renderer
BATCH = 50
STAGES = ("lessons", "descriptions", "about")


class StoredText(NamedTuple):
    """A text to render again; `kind` is that of a lesson."""

    id: uuid.UUID | int
    source: str
    kind: LessonKind | None


class Batch(NamedTuple):
    """The next texts of a stage, and what their links count as internal."""

    stage: str
    texts: list[StoredText]
    own_host: str


def begin(stage: str = STAGES[0], after: str = "") -> Batch | None:
    """List the next texts after the id `after`; None when everything has been rendered with VERSION."""
    known = db.session.scalar(select(PlatformSettings.rendered_with))
    if known is None or known >= VERSION:
        return None
    texts = _texts(stage, uuid.UUID(after) if after else None)
    if texts:
        return Batch(stage, texts, own_host())
    if stage != STAGES[-1]:
        return begin(STAGES[STAGES.index(stage) + 1])
    _finish()
    return None


def render(batch: Batch) -> list[markdown.RenderedMarkdown | None]:
    """Render the texts; None for one that is refused, which keeps its HTML."""
    with highlighting.one_process():
        return [_rendered(text.source, batch.own_host) for text in batch.texts]


def end(batch: Batch, made: list[markdown.RenderedMarkdown | None]) -> None:
    """Store the HTML, and a text lesson's reading time, where the text is still the same; then continue."""
    for text, html in zip(batch.texts, made, strict=True):
        if html is not None:
            _store(batch.stage, text, html)
    if batch.stage == STAGES[-1]:
        _finish()
    else:
        last = str(batch.texts[-1].id)
        key = f"rerender:{VERSION}:{batch.stage}:{last}"
        jobs.enqueue("render_texts", key=key, stage=batch.stage, after=last)


def _texts(stage: str, after: uuid.UUID | None) -> list[StoredText]:
    """Read the next BATCH of texts in the order of their ids (keyset)."""
    query: Any
    if stage == "lessons":
        query = select(Lesson.id, Lesson.body, Lesson.kind).where(Lesson.body != "").order_by(Lesson.id)
        query = query.where(Lesson.id > after) if after else query
    elif stage == "descriptions":
        query = select(Product.id, Product.description, null())
        query = query.where(Product.description != "").order_by(Product.id)
        query = query.where(Product.id > after) if after else query
    else:
        query = select(PlatformSettings.id, PlatformSettings.about, null()).where(
            PlatformSettings.about != ""
        )
    return [StoredText(*row) for row in db.session.execute(query.limit(BATCH))]


def _rendered(source: str, host: str) -> markdown.RenderedMarkdown | None:
    try:
        return markdown.render(source, own_host=host)
    except Refused:
        return None


def _store(stage: str, text: StoredText, made: markdown.RenderedMarkdown) -> None:
    """Write the HTML, unless the text has changed since it was read."""
    change: Any
    if stage == "lessons":
        values: dict[str, Any] = {"body_html": made.html}
        if text.kind == LessonKind.TEXT:
            values["duration_seconds"] = made.reading_seconds
        change = update(Lesson).where(
            Lesson.id == text.id, Lesson.body == text.source, Lesson.kind == text.kind
        )
        change = change.values(values)
    elif stage == "descriptions":
        change = update(Product).where(Product.id == text.id, Product.description == text.source)
        change = change.values(description_html=made.html)
    else:
        change = update(PlatformSettings).where(PlatformSettings.about == text.source)
        change = change.values(about_html=made.html)
    db.session.execute(change, execution_options={"synchronize_session": False})


def _finish() -> None:
    """Note that everything is rendered with VERSION, and recount what follows from reading times."""
    counters.recount_lessons()
    older = PlatformSettings.rendered_with < VERSION
    db.session.execute(update(PlatformSettings).where(older).values(rendered_with=VERSION))
