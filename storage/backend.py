"""The storage interface, and the storage of this application."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from flask import Flask, current_app

from storage.files import StoredFile
from storage.local import LocalStorage
from storage.partial_uploads import PartialUpload
from storage.s3 import S3Storage


class Storage(Protocol):
    """The interface of both storages.

    An invalid key is an `UnsafeKeyError`, a missing file a `FileNotFoundError`.
    """

    def put(self, key: str, content: BinaryIO | bytes, content_type: str) -> int:
        """Store `content` under `key`, atomically, replacing what was there; returns its size in bytes."""

    def open(self, key: str) -> BinaryIO:
        """Open the file for reading; the caller closes it."""

    def size(self, key: str) -> int:
        """Read the file's size in bytes."""

    def exists(self, key: str) -> bool:
        """Tell whether there is a file under `key`."""

    def copy(self, source: str, target: str) -> None:
        """Copy the file at `source` to `target`; FileNotFoundError when there is none."""

    def delete(self, key: str) -> None:
        """Remove the file; no error if there is none."""

    def delete_prefix(self, prefix: str) -> None:
        """Remove every file below the folder `prefix`, which ends in `/`."""

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        """Yield every stored file below the folder `prefix`, in the order of keys."""

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """Yield a local path of the file for the duration of the context; read-only."""

    def url(
        self, key: str, expires_seconds: int, content_type: str, disposition: str, kept_seconds: int = 0
    ) -> str | None:
        """Sign a URL of the storage itself for so long; None where the app serves the file.

        Browsers keep the file for `kept_seconds`, by default not at all.
        """

    def begin(self, key: str) -> str | None:
        """Begin an upload in parts; returns the storage's own id of it, if it has one."""

    def received(self, incoming: PartialUpload) -> int:
        """Count the bytes received, which is the offset to continue at."""

    def part_url(self, incoming: PartialUpload, number: int, expires_seconds: int) -> str | None:
        """Sign a URL for the browser to put part `number` (from 1); None where chunks come to the app."""

    def complete(self, incoming: PartialUpload) -> None:
        """Turn the upload into a stored file. Idempotent. WrongOffsetError when a part is missing."""

    def abandon(self, incoming: PartialUpload) -> None:
        """Remove what was received; no error if nothing was."""

    def sweep(self, older_than_seconds: float) -> None:
        """Remove uploads that have been idle for this long."""


def init_app(app: Flask) -> None:
    """Create the storage that `STORAGE` (`local` | `s3`) selects; ValueError for anything else."""
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
    """Return the storage of the running application."""
    return cast(Storage, current_app.extensions["storage"])


def origin() -> str | None:
    """Return the bucket's origin for the CSP (media-src); None if this site serves all media."""
    store = current()
    return store.origin if isinstance(store, S3Storage) else None
