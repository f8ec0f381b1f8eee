"""How often products are looked at: counted in memory, written now and then.

A write for every view would make the most read pages the slowest. Views wait in this process and are
added to the products by a thread, in a transaction of their own; a killed process loses a few seconds.
"""

import atexit
import re
import threading
import uuid
from collections import Counter

from flask import Flask, current_app
from sqlalchemy import bindparam, update
from sqlalchemy.exc import SQLAlchemyError

from models import Product, db
from observe import log

SECONDS = 15.0
ENTRIES = 200
_MACHINE = re.compile(r"bot|crawl|spider|slurp|preview|monitor|fetch|curl|wget|python|java/|headless", re.I)

_products = Product.__table__
_making = threading.Lock()
_ADD = (
    update(Product)
    .where(_products.c.id == bindparam("product"))
    # The stamp stays: the catalogue watches it, and a view changes nothing there.
    .values(view_count=_products.c.view_count + bindparam("views"), updated_at=_products.c.updated_at)
)


class Tally:
    """The views of one process that wait to be written."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.waiting: Counter[uuid.UUID] = Counter()
        self.lock = threading.Lock()
        self.full = threading.Event()
        if not app.testing:
            threading.Thread(target=self._run, name="views", daemon=True).start()
            atexit.register(self.flush)

    def add(self, product_id: uuid.UUID) -> None:
        """Count a view."""
        with self.lock:
            self.waiting[product_id] += 1
            if len(self.waiting) >= ENTRIES:
                self.full.set()

    def flush(self) -> int:
        """Write what waits; answers how many views that were. What can't be written now waits on."""
        with self.lock:
            views, self.waiting = self.waiting, Counter()
        self.full.clear()
        if not views:
            return 0
        # In the order of their ids, so that two processes never wait for each other's rows.
        rows = [{"product": id_, "views": count} for id_, count in sorted(views.items())]
        try:
            with self.app.app_context(), db.engine.begin() as connection:
                connection.execute(_ADD, rows)
        except SQLAlchemyError:
            with self.lock:
                self.waiting.update(views)
            raise
        return views.total()

    def _run(self) -> None:
        while True:
            self.full.wait(SECONDS)
            try:
                self.flush()
            except SQLAlchemyError:
                log.warning("views could not be written; they are kept for later", exc_info=True)
                threading.Event().wait(SECONDS)


def note(product_id: uuid.UUID, user_agent: str) -> None:
    """Count a look at a product, unless a machine looked."""
    if user_agent and not _MACHINE.search(user_agent):
        _tally().add(product_id)


def flush() -> int:
    """Write the views of this process now; answers how many."""
    return _tally().flush()


def _tally() -> Tally:
    tally: Tally | None = current_app.extensions.get("lectern_cache_views")
    if tally is not None:
        return tally
    with _making:
        if "lectern_cache_views" not in current_app.extensions:
            app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            current_app.extensions["lectern_cache_views"] = Tally(app)
    return _tally()
