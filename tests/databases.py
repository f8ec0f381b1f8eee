"""The template of a run's databases, made once, and the copies of it that tests get."""

import contextlib
import fcntl
import pickle
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import flask_migrate
import psycopg
from flask import Flask

from models import db
from tests import cast as cast_module
from tests.conftest import ON_POSTGRESQL, SERVER_URL

# A copy of every table's rows stands beside it, and a function puts them back, which takes a tenth of the
# time of a new database. Triggers and foreign keys are off meanwhile, generated columns left to themselves.
KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE t record; everything text := ''; BEGIN
  FOR t IN SELECT table_name AS name, string_agg(quote_ident(column_name), ',') AS columns
      FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER' GROUP BY 1 LOOP
    EXECUTE format('CREATE TABLE kept.%1$I AS SELECT %2$s FROM public.%1$I', t.name, t.columns);
    everything := everything || format('DELETE FROM public.%1$I;', t.name)
      || format('INSERT INTO public.%1$I (%2$s) SELECT %2$s FROM kept.%1$I;', t.name, t.columns);
  END LOOP;
  EXECUTE format('CREATE FUNCTION kept.restore() RETURNS void LANGUAGE plpgsql AS %L',
    'BEGIN ' || everything || 'END');
END $$"""
RESTORING = "SET session_replication_role = replica; SET lock_timeout = '3s'; SET client_min_messages = error"
RESTORE = "SELECT kept.restore()"
SHAPE = """
SELECT count(*), sum(hashtext(relname)), sum(oid::bigint), sum(relnatts),
  (SELECT sum(oid::bigint) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
  (SELECT sum(oid::bigint) FROM pg_trigger)
FROM pg_class WHERE relnamespace = 'public'::regnamespace"""


class Databases:
    """Makes the template once and gives every test a copy of it."""

    def __init__(self, folder: Path, compiled: Path | None = None) -> None:
        self.compiled = compiled  # where compiled templates are kept for all processes of a run
        self.name = f"lectern_test_{uuid.uuid4().hex[:12]}"
        self.folder = folder
        self.url = self._postgres_url(self.name) if ON_POSTGRESQL else f"sqlite:///{folder / 'test.db'}"
        self.template = folder / "template.db"
        self.shape: object = None
        self.restoring: psycopg.Connection | None = None  # stays, as it plans the function's statements once
        self.cast = b""  # pickled, which is read faster than its rows

    def share_template(self, app: Flask, run: Path) -> None:
        """Make the template with the cast, or take the one that another process of this run has made."""
        made = run / "template.pickle"
        with open(run / "template.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if made.exists() and self._take_template(*pickle.loads(made.read_bytes())):
                return
            self.make_template(app, self._fill)
            made.write_bytes(pickle.dumps((self.name, self.template, self.cast)))

    def _fill(self) -> None:
        cast_module.build()
        self.cast = pickle.dumps(cast_module.load())

    def _take_template(self, name: str, template: Path, cast: bytes) -> bool:
        """Take over what another process made; tells if it is there: processes drop theirs at their end."""
        if ON_POSTGRESQL:
            try:
                self._execute(f"CREATE DATABASE {self.name}_template TEMPLATE {name}_template")
            except psycopg.Error:
                return False
        self.template, self.cast = template, cast
        return True

    def make_template(self, app: Flask, fill: Callable[[], None]) -> None:
        """Migrate an empty database, write into it what `fill` writes, and keep it as the template."""
        if ON_POSTGRESQL:
            self._execute(f"CREATE DATABASE {self.name}")
        with app.app_context():
            flask_migrate.upgrade()
            fill()
            db.session.remove()
            db.engine.dispose()
        if ON_POSTGRESQL:
            self._execute(KEEP, self.name)
            self._execute(f"ALTER DATABASE {self.name} RENAME TO {self.name}_template")
        else:
            shutil.move(self.folder / "test.db", self.template)
            self._drop_test_db()

    def copy(self, app: Flask) -> None:
        """Put a fresh copy in place of what the last test left."""
        if ON_POSTGRESQL:
            if not self._restore():
                self.leave(app, for_good=True)
                self._begin_anew()
        else:
            self.leave(app)
            self._drop_test_db()
            shutil.copy(self.template, self.folder / "test.db")

    def leave(self, app: Flask, for_good: bool = False) -> None:
        """End the connections of `app`; those to PostgreSQL stay unless `for_good`: they are warm."""
        with app.app_context():
            db.session.remove()
            if for_good or not ON_POSTGRESQL:
                db.engine.dispose()

    def let_go(self, app: Flask) -> None:
        """End every connection of the tests, for one that asks whether others use the database."""
        self.leave(app, for_good=True)
        self._stop_restoring()

    def drop(self) -> None:
        """Leave nothing behind on the server."""
        self._stop_restoring()
        if ON_POSTGRESQL:
            self._execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
            self._execute(f"DROP DATABASE IF EXISTS {self.name}_template WITH (FORCE)")

    def _restore(self) -> bool:
        """Put the rows back; not possible where the last test changed the tables, or left a lock."""
        with contextlib.suppress(psycopg.Error):
            if self.shape is not None and self._run(SHAPE) == self.shape:
                self._run(RESTORE)
                return True
        return False

    def _begin_anew(self) -> None:
        self._stop_restoring()
        self._execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self._execute(f"CREATE DATABASE {self.name} TEMPLATE {self.name}_template")
        self._execute(f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        self.shape = self._run(SHAPE)

    def _run(self, statement: str) -> object:
        """Run a statement of `_restore` on its own connection; its first row."""
        if self.restoring is None:
            url = self.url.replace("+psycopg", "")
            self.restoring = psycopg.connect(url, autocommit=True)
            self.restoring.execute(RESTORING)
        return self.restoring.execute(statement).fetchone()

    def _stop_restoring(self) -> None:
        if self.restoring is not None:
            self.restoring.close()
            self.restoring = None

    def _drop_test_db(self) -> None:
        """Remove it: what is written over an old file is at once written to the disk as well."""
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"test.db{suffix}").unlink(missing_ok=True)

    @staticmethod
    def _postgres_url(name: str) -> str:
        return SERVER_URL.rsplit("/", 1)[0] + "/" + name

    def _execute(self, statement: str, database: str = "") -> object:
        """Run a statement on the server's maintenance database, or on one that is named; its first row."""
        url = self._postgres_url(database) if database else SERVER_URL
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone() if cursor.description else None
