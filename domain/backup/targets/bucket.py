"""A backup target in an S3 bucket. A backup is complete when its manifest, uploaded last, is there."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import storage
from config import Settings
from domain.backup.contents.manifest import MANIFEST, is_name
from domain.backup.contents.streams import CHUNK, WORK

FILES = "files/"
BINARY = "application/octet-stream"


class Bucket:
    """A prefix of a bucket, accessed with the shop's S3 settings."""

    def __init__(self, address: str, settings: Settings) -> None:
        parts = urlsplit(address)
        self.place = address
        self.prefix = f"{parts.path.strip('/')}/".lstrip("/")
        self.bucket = parts.netloc
        self._scratch = settings.data_dir
        self._store = storage.S3Storage(
            self.bucket, settings.s3_endpoint_url, settings.s3_region,
            settings.s3_access_key_id, settings.s3_secret_access_key,
        )  # fmt: skip

    def names(self) -> list[str]:
        """List the prefixes that hold a manifest."""
        return [name for name, complete in self._backups().items() if complete]

    def unfinished(self) -> list[str]:
        """List the prefixes without a manifest."""
        return [name for name, complete in self._backups().items() if not complete]

    @contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """Make a temporary folder in the data folder, since /tmp may be too small or in memory."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=WORK, dir=self._scratch) as folder:
            yield Path(folder)

    def publish(self, stage: Path, name: str) -> None:
        """Upload the parts, the manifest last."""
        for part in sorted(stage.iterdir(), key=lambda path: path.name == MANIFEST):
            with part.open("rb") as file:
                self._store.put(f"{self.prefix}{name}/{part.name}", file, BINARY)

    def fetch(self, path: str, folder: Path) -> Path:
        """Download the part into `folder`."""
        place = folder / Path(path).name
        with self._store.open(self.prefix + path) as body, place.open("wb") as file:
            shutil.copyfileobj(body, file, CHUNK)
        return place

    def read(self, path: str) -> bytes:
        """Read the object."""
        with self._store.open(self.prefix + path) as body:
            return body.read()

    def write(self, path: str, content: bytes) -> None:
        """Put the object."""
        self._store.put(self.prefix + path, content, "application/json")

    def remove(self, name: str) -> None:
        """Delete the manifest first, so that an incomplete backup is never listed."""
        self._store.delete(f"{self.prefix}{name}/{MANIFEST}")
        self._store.delete_prefix(f"{self.prefix}{name}/")

    def contents(self) -> dict[str, int]:
        """List the stored contents by name, with their sizes."""
        files = self._store.files(self.prefix + FILES)
        return {file.key.rpartition("/")[2]: file.size for file in files}

    def keep(self, content: str, path: Path, file: BinaryIO) -> None:
        """Upload the content."""
        file.seek(0)
        self._store.put(self._content(content), file, BINARY)

    def open(self, content: str) -> BinaryIO:
        """Open the object as a stream."""
        return self._store.open(self._content(content))

    def link(self, content: str, place: Path) -> bool:
        """Answer False: objects can't be hard-linked."""
        return False

    def discard(self, content: str) -> None:
        """Remove the object."""
        self._store.delete(self._content(content))

    def _content(self, content: str) -> str:
        return f"{self.prefix}{FILES}{content[:2]}/{content}"

    def _backups(self) -> dict[str, bool]:
        """List the backups, with whether each has its manifest."""
        names = [name for name in self._store.folders(self.prefix) if is_name(name)]
        return {name: self._store.exists(f"{self.prefix}{name}/{MANIFEST}") for name in names}
