"""A backup target in a folder: each backup has a subfolder, contents of files are shared by all.

Contents are hard links to the shop's files on the same file system. That is safe because storage never
changes a file in place (storage/local.py writes beside and renames), and takes no space until the shop
deletes or replaces its own.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from domain.backup.contents.manifest import is_name
from domain.backup.contents.streams import CHUNK
from storage import sync

FILES = "files"
PARTIAL = ".partial-"


class Folder:
    """A folder on this machine or mounted into it. Private: 0700, its parts 0600."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = str(root)

    def names(self) -> list[str]:
        """List the subfolders with names of backups."""
        return [name for name in self._folders() if is_name(name)]

    def unfinished(self) -> list[str]:
        """List the backups whose subfolder still has its temporary name."""
        begun = [name.removeprefix(PARTIAL) for name in self._folders() if name.startswith(PARTIAL)]
        return [name for name in begun if is_name(name)]

    @contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """Make the subfolder under a temporary name that isn't listed."""
        folder = self._folder(PARTIAL + name)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, stage: Path, name: str) -> None:
        """Sync all parts, then rename the subfolder (atomic)."""
        for part in stage.iterdir():
            sync(part)
        sync(stage)
        os.rename(stage, self.root / name)
        sync(self.root)

    def fetch(self, path: str, folder: Path) -> Path:
        """Find the part in the folder."""
        (self.root / path).stat()
        return self.root / path

    def read(self, path: str) -> bytes:
        """Read the file."""
        return (self.root / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """Write a temporary file and rename it (atomic)."""
        temporary = (self.root / path).with_suffix(".new")
        with _private(temporary) as file:
            file.write(content)
        os.replace(temporary, self.root / path)

    def remove(self, name: str) -> None:
        """Rename the subfolder first, so that an incomplete backup is never listed."""
        partial = self.root / (PARTIAL + name)
        if (self.root / name).is_dir():
            shutil.rmtree(partial, ignore_errors=True)
            os.rename(self.root / name, partial)
        shutil.rmtree(partial, ignore_errors=True)

    def contents(self) -> dict[str, int]:
        """List the stored contents by name, with their sizes."""
        found: dict[str, int] = {}
        for folder in sorted((self.root / FILES).glob("[0-9a-f][0-9a-f]")):
            with os.scandir(folder) as entries:
                found |= {entry.name: entry.stat().st_size for entry in entries}
        return found

    def keep(self, content: str, path: Path, file: BinaryIO) -> None:
        """Hard-link or copy the content under a temporary name, then rename it (atomic)."""
        self._folder(FILES)
        place = self._content(content)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = self.root / FILES / secrets.token_hex(16)
        try:
            if not _link(path, temporary, file):
                _copy(file, temporary)
            os.replace(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)

    def open(self, content: str) -> BinaryIO:
        """Open the file."""
        return self._content(content).open("rb")

    def link(self, content: str, place: Path) -> bool:
        """Hard-link the content, which is never written to in either place."""
        try:
            os.link(self._content(content), place, follow_symlinks=False)
        except OSError:
            return False
        return True

    def discard(self, content: str) -> None:
        """Delete the content; the shop's own file stays."""
        self._content(content).unlink(missing_ok=True)

    def _content(self, content: str) -> Path:
        return self.root / FILES / content[:2] / content

    def _folder(self, name: str) -> Path:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self.root / name
        folder.mkdir(mode=0o700, exist_ok=name == FILES)
        return folder

    def _folders(self) -> list[str]:
        try:
            with os.scandir(self.root) as found:
                return [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []


def _link(path: Path, place: Path, file: BinaryIO) -> bool:
    """Hard-link `path` as `place` if it still is the open `file`; False where it can't be linked."""
    try:
        os.link(path, place, follow_symlinks=False)
    except OSError:  # another file system, one without links, somebody else's file, or too many
        return False
    if place.lstat().st_ino == os.fstat(file.fileno()).st_ino:
        return True
    place.unlink()  # replaced since it was opened
    return False


def _copy(file: BinaryIO, place: Path) -> None:
    """Copy the open `file` from its beginning to the new file `place`."""
    file.seek(0)
    with place.open("xb") as copied:
        shutil.copyfileobj(file, copied, CHUNK)
        copied.flush()
        os.fsync(copied.fileno())


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
