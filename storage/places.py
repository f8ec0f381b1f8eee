"""The storage interface, and the storage of this application."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from flask import Flask, current_app

from storage.files import StoredFile
from storage.incoming import Incoming
from storage.local import LocalStorage
from storage.s3 import S3Storage


class Storage(Protocol):
    """The interface of both storages.

    An invalid key is an `UnsafeKeyError`, a missing file a `FileNotFoundError`.
    """

    def put(self, key: str, content: BinaryIO | bytes, content_type: str) -> int:
        """Store all of `content` under `key`, whole or not at all, replacing what was there; its bytes."""

    def open(self, key: str) -> BinaryIO:
        """The file's bytes to read; the caller closes it."""

    def size(self, key: str) -> int:
        """Read the file's size in bytes."""

    def exists(self, key: str) -> bool:
        """Tell if there is a file under `key`."""

    def copy(self, source: str, target: str) -> None:
        """Store what lies under `source` under `target` as well; FileNotFoundError when nothing does."""

    def delete(self, key: str) -> None:
        """Remove the file; nothing happens when it is already gone."""

    def delete_prefix(self, prefix: str) -> None:
        """Remove every file below the folder `prefix`, which ends in `/`."""

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        """Every stored file below the folder `prefix`, in the order of the keys."""

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A path on this machine that holds the file while the context lasts; not to be written to."""

    def url(self, key: str, expires_seconds: int, content_type: str, disposition: str) -> str | None:
        """An address of the storage's own that serves the file for so long; None where the app serves it."""

    def begin(self, key: str) -> str | None:
        """Prepare for a file that comes in parts; what the storage itself calls the upload."""

    def received(self, incoming: Incoming) -> int:
        """Count the bytes received, which is the offset to continue at."""

    def part_url(self, incoming: Incoming, number: int, expires_seconds: int) -> str | None:
        """Sign a URL for the browser to put part `number` (from 1); None where chunks come to the app."""

    def complete(self, incoming: Incoming) -> None:
        """Make it a stored file under its key; safe to repeat. WrongOffsetError when some is missing."""

    def abandon(self, incoming: Incoming) -> None:
        """Remove what has come of it; nothing happens when it is gone."""

    def sweep(self, older_than_seconds: float) -> None:
        """Remove what was half-written so long ago that nobody goes on with it."""


def init_app(app: Flask) -> None:
    """Choose the storage from `STORAGE` (`local` | `s3`) and what belongs to it; ValueError otherwise."""
    config = app.config
    kind = config.get("STORAGE") or "local"
    if kind == "local":
        app.extensions["storage"] = LocalStorage(config["STORAGE_ROOT"])
    elif kind == "s3":
        app.extensions["storage"] = S3Storage(
            config["S3_BUCKET"],
            config.get("S3_ENDPOINT_URL"),
            config.get("S3_REGION"),
            config.get("S3_ACCESS_KEY_ID"),
            config.get("S3_SECRET_ACCESS_KEY"),
        )
    else:
        raise ValueError(f"STORAGE must be local or s3, not {kind!r}.")


def current() -> Storage:
    """The running app's storage."""
    return cast(Storage, current_app.extensions["storage"])


def origin() -> str | None:
    """Read the origin of media URLs, for CSP's media-src, if it isn't this site: the bucket's."""
    store = current()
    return store.origin if isinstance(store, S3Storage) else None
