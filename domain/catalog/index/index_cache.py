"""The cache of the catalogue index: loads it, notices when it is stale, and reloads it.

A small catalogue is reloaded by the request that notices. A large one is reloaded by a thread while the stale
index goes on answering (stale-while-revalidate); the cards of a page are read from the database anyway, so
that a withdrawn course disappears at once.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, has_app_context
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from domain.base import clock
from domain.base.log import log
from domain.catalog.index import index_builder
from domain.catalog.index.course_index import CourseIndex
from models import Category, Product, SearchDocument, db

LARGE = 5000
LOOK_EVERY = 1.0  # seconds
KEPT = 2000  # of `cached`: about 5 kB each
# A transaction open during the check may still commit rows with an older updated_at than the newest one seen.
LOOK_AGAIN_AFTER = timedelta(seconds=60)
# After loading, a large catalogue rests this many times as long as that took: at most 5 % of a processor.
REST = 20

_VERSION = select(
    func.max(Product.updated_at),
    select(func.max(Category.updated_at)).scalar_subquery(),
    select(func.count(Category.id)).scalar_subquery(),
    # Both change when the last document of an older version has been written anew.
    select(func.min(SearchDocument.version)).scalar_subquery(),
    select(func.max(SearchDocument.version)).scalar_subquery(),
)


@dataclass
class IndexCache:
    """The cached index of this process, the version it was built from, and what `cached` keeps."""

    index: CourseIndex | None = None
    kept: dict[Hashable, Any] = field(default_factory=dict)
    version: tuple[Any, ...] = ()
    until: datetime | None = None
    look_at: float = 0.0
    load_at: float = 0.0
    loading: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


def current() -> CourseIndex:
    """Read the catalogue index from the cache; a large one may be stale while a thread reloads it."""
    cache = _cache()
    index = cache.index
    if index is not None and time.monotonic() < cache.look_at:
        return index
    cache.look_at = time.monotonic() + LOOK_EVERY
    if index is not None and not _is_outdated(cache):
        return index
    cache.kept = {}
    if index is None or index.size < LARGE:
        with cache.lock:
            return cache.index if cache.index is not index and cache.index else _load(cache)
    if not cache.loading and time.monotonic() >= cache.load_at:
        cache.loading = True
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=_load_aside, args=(app, cache), name="listing", daemon=True).start()
    return index


def cached(key: Hashable, make: Callable[[CourseIndex], Any]) -> Any:
    """Memoise `make(index)` under `key` until the catalogue changes.

    A change by this process is noticed on its next page, one by another process within LOOK_EVERY seconds.
    """
    index = current()
    kept = _cache().kept  # a reload replaces the dict, so a stale value can't enter the new one
    found = kept.get(key)
    if found is None:
        if len(kept) >= KEPT:
            kept.clear()
        found = kept[key] = make(index)
    return found


def _cache() -> IndexCache:
    cache: IndexCache = current_app.extensions.setdefault("lectern_cache_listing", IndexCache())
    return cache


def _is_outdated(cache: IndexCache) -> bool:
    if cache.until is not None and clock.now() >= cache.until:
        return True
    return tuple(db.session.execute(_VERSION).one()) != cache.version


def _load(cache: IndexCache) -> CourseIndex:
    """Build the index on a connection of its own, read-only and without locks."""
    began, moment = time.monotonic(), clock.now()
    with db.engine.connect().execution_options(reads_only=True, one_transaction=True) as connection:
        version = tuple(connection.execute(_VERSION).one())
        until = index_builder.next_change(connection, moment)
        index = index_builder.build(connection, moment)
    changed = max((stamp for stamp in version[:2] if stamp is not None), default=None)
    if changed is not None and changed > moment - LOOK_AGAIN_AFTER:
        until = min(moment + LOOK_AGAIN_AFTER, until or moment + LOOK_AGAIN_AFTER)
    cache.version, cache.until, cache.index, cache.kept = version, until, index, {}
    cache.load_at = time.monotonic() + REST * (time.monotonic() - began)
    return index


def _load_aside(app: Flask, cache: IndexCache) -> None:
    try:
        with app.app_context():
            _load(cache)
    except Exception:  # noqa: BLE001 - the thread's end; it is logged and tried again
        log.exception("the catalogue could not be loaded; the old state goes on answering")
        cache.load_at = time.monotonic() + REST
    finally:
        cache.loading = False


@event.listens_for(Session, "after_commit")
def _look_soon(_session: Session) -> None:
    """Let the next page check for changes right after this process has committed."""
    if has_app_context() and (cache := current_app.extensions.get("lectern_cache_listing")):
        cache.look_at = 0.0
