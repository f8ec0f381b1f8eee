"""An opened backup: its parts, fetched and verified against the manifest."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.backup.contents import files, manifest
from domain.backup.contents.encryption import SUFFIX, Key, unseal
from domain.backup.contents.files import BackupFile
from domain.backup.contents.manifest import LIST, MANIFEST, Manifest, ManifestPart
from domain.backup.contents.streams import Hashing
from domain.backup.model import BackupError, DamagedError
from domain.backup.shop import Shop
from storage import sha256_of

CHANGED = "{} is damaged or was changed in the backup."


@dataclass(frozen=True)
class OpenedBackup:
    """A backup with its key; `work` is a folder for fetched parts."""

    shop: Shop
    manifest: Manifest
    key: Key | None
    work: Path

    def dump(self) -> Path:
        """Fetch the dump of the database and verify its hash."""
        name = self.shop.database.dump_name
        return self._fetch(name, self.manifest.dump)

    def entries(self) -> Iterator[BackupFile]:
        """Read the list of files; empty in a backup of the database alone."""
        if self.manifest.file_list is None:
            return iter(())
        sealed, plain = self._fetch(LIST, self.manifest.file_list), self.work / f"plain-{LIST}"
        with sealed.open("rb") as source, plain.open("wb") as target:
            unseal(source, target, self.key, self.manifest.name)
        return files.read(plain, self.manifest.name)

    def pour(self, entry: BackupFile, target: Any) -> None:
        """Write the content of a file to `target`; DamagedError when it is missing or changed."""
        hashed = Hashing(target)
        content = content_name(entry.sha256, self.key)
        try:
            with self.shop.target.open(content) as source:
                unseal(source, hashed, self.key, entry.key)
        except FileNotFoundError as error:
            raise DamagedError(f"{entry.key} is missing in the backup.") from error
        if hashed.sha256 != entry.sha256:
            raise DamagedError(CHANGED.format(entry.key))

    def place(self, entry: BackupFile, path: Path) -> None:
        """Restore a file to `path`, hard-linked if possible; raises as `pour`, leaving nothing there."""
        if self.key is None and self.shop.target.link(content_name(entry.sha256, None), path):
            with path.open("rb") as file:
                good = sha256_of(file) == entry.sha256
            if not good:
                path.unlink()
                raise DamagedError(CHANGED.format(entry.key))
            return
        try:
            with path.open("xb") as file:
                self.pour(entry, file)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _fetch(self, name: str, part: ManifestPart) -> Path:
        stored = part_name(name, self.key)
        try:
            path = self.shop.target.fetch(f"{self.manifest.name}/{stored}", self.work)
        except FileNotFoundError as error:
            raise DamagedError(f"{self.manifest.name} is damaged: its {stored} is missing.") from error
        size = path.stat().st_size
        if size != part.bytes:
            raise DamagedError(
                f"{self.manifest.name} is damaged: {stored} has {size} bytes, not {part.bytes}."
            )
        with path.open("rb") as file:
            if sha256_of(file) != part.sha256:
                raise DamagedError(
                    f"{self.manifest.name} is damaged or was changed: {stored} isn’t what was written."
                )
        return path


def part_name(name: str, key: Key | None) -> str:
    """Build the stored name of a part."""
    return name + SUFFIX if key else name


def content_name(sha256: str, key: Key | None) -> str:
    """Build the stored name of a content by its hash, different for each key."""
    return f"{sha256}-{key.name}{SUFFIX}" if key else sha256


def content_key(content: str) -> str:
    """Read the name of the key a content is encrypted with; "" for none."""
    return content.partition("-")[2].removesuffix(SUFFIX)


def opened(shop: Shop, name: str, work: Path) -> OpenedBackup:
    """Open the backup `name`; BackupError when it is damaged, foreign, or encrypted with another key."""
    try:
        text = shop.target.read(f"{name}/{MANIFEST}")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DamagedError(f"{name} is incomplete: it has no manifest.") from error
    seen = manifest.read(text, name, None)
    if seen.key and shop.key is None:
        raise BackupError(f"{name} is encrypted: set LECTERN_BACKUP_KEY_FILE to its key file.")
    if seen.key and shop.key and seen.key != shop.key.name:
        raise BackupError(f"{name} was encrypted with another key file: set LECTERN_BACKUP_KEY_FILE to that.")
    key = shop.key if seen.key else None
    found = manifest.read(text, name, key.secret if key else b"")
    if found.database != shop.database.kind:
        raise BackupError(f"{name} is of a {found.database} database, this shop has {shop.database.kind}.")
    return OpenedBackup(shop, found, key, work)
