"""A shop with files and a place for its backups, and what the tests do to both."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select

import storage
from domain import backup
from domain.backup import verifying
from models import Tag, User, db
from storage import LocalStorage
from tests.conftest import ON_POSTGRESQL, SERVER_URL
from tests.fixtures import Databases

FILES = {
    "media/1/film.mp4": b"a film " * 1000,
    "media/1/film.vtt": b"WEBVTT",
    "pictures/a.b/c.webp": b"a picture",
}


@dataclass
class Shop:
    """The application within its context; `folder` is the target of its backups."""

    app: Flask
    folder: Path

    def configure(self, **changes: Any) -> None:
        """Change settings for this test."""
        self.app.config["SETTINGS"] = replace(self.app.config["SETTINGS"], **changes)

    def part(self, made: backup.Backup, beginning: str) -> Path:
        """The file of a backup whose name begins so."""
        return next(path for path in (self.folder / made.name).iterdir() if path.name.startswith(beginning))

    def content(self) -> Path:
        """One of the contents that are kept."""
        return next(path for path in sorted((self.folder / "files").rglob("*")) if path.is_file())

    def add_tag(self, name: str) -> None:
        """Write a row."""
        db.session.add(Tag(slug=name, name=name))
        db.session.commit()

    def tags(self) -> set[str]:
        """The tags' slugs."""
        found = set(db.session.scalars(select(Tag.slug)))
        db.session.rollback()
        return found

    def people(self) -> int:
        """How many accounts there are."""
        found = db.session.scalar(select(func.count()).select_from(User)) or 0
        db.session.rollback()
        return found

    def files(self) -> dict[str, bytes]:
        """Everything in the storage."""
        store = storage.current()
        return {file.key: store.open(file.key).read() for file in store.files()}


@pytest.fixture
def shop(app: Flask, databases: Databases, tmp_path: Path) -> Iterator[Shop]:
    """A shop on the cast's database, with three files and an empty target."""
    before = app.extensions["storage"]
    app.extensions["storage"] = store = LocalStorage(tmp_path / "shop" / "storage")
    made = Shop(app, tmp_path / "backups")
    made.configure(backup_target=str(made.folder), data_dir=tmp_path / "shop")
    for key, content in FILES.items():
        store.put(key, content, "video/mp4")
    databases.let_go(app)
    with app.app_context():
        db.session.rollback()
        yield made
        db.session.remove()
        db.engine.dispose()
    app.extensions["storage"] = before
    for left in databases.folder.glob("*.before-*"):
        left.unlink()
    if ON_POSTGRESQL:
        drop_left(databases.name)


def drop_left(name: str) -> None:
    """Drop what a restore left beside the database `name`."""
    for left in databases_like(f"{name}\\_before\\_%"):
        with psycopg.connect(SERVER_URL.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {left} WITH (FORCE)")


def databases_like(pattern: str) -> list[str]:
    """The databases of the server with such names."""
    with psycopg.connect(SERVER_URL.replace("+psycopg", ""), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (pattern,))
        return [row[0] for row in rows]


@pytest.fixture
def no_books(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the one check that starts a process of its own."""
    monkeypatch.setattr(verifying, "books", lambda *_: [])
