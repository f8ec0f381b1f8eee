"""A backup opened to be restored: its parts are on this machine and are what the manifest says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.backup import files, manifest
from domain.backup.encryption import SUFFIX, Key, unseal
from domain.backup.files import Entry
from domain.backup.manifest import LIST, MANIFEST, Manifest, Part
from domain.backup.model import BackupError
from domain.backup.shop import Shop
from storage import sha256_of


@dataclass(frozen=True)
class Opened:
    """A backup with the key that opens it; `work` is a folder for what has to be fetched."""

    shop: Shop
    manifest: Manifest
    key: Key | None
    work: Path

    def dump(self) -> Path:
        """Fetch the dump of the database and compare it with its hash."""
        name = self.shop.database.dump_name
        return self._fetch(name, self.manifest.dump)

    def entries(self) -> Iterator[Entry]:
        """Read the list of files; none in a backup of the database alone."""
        if self.manifest.file_list is None:
            return iter(())
        sealed, plain = self._fetch(LIST, self.manifest.file_list), self.work / f"plain-{LIST}"
        with sealed.open("rb") as source, plain.open("wb") as target:
            unseal(source, target, self.key, self.manifest.name)
        return files.read(plain, self.manifest.name)

    def _fetch(self, name: str, part: Part) -> Path:
        stored = part_name(name, self.key)
        try:
            path = self.shop.target.fetch(f"{self.manifest.name}/{stored}", self.work)
        except FileNotFoundError as error:
            raise BackupError(f"{self.manifest.name} is damaged: its {stored} is missing.") from error
        size = path.stat().st_size
        if size != part.bytes:
            raise BackupError(
                f"{self.manifest.name} is damaged: {stored} has {size} bytes, not {part.bytes}."
            )
        with path.open("rb") as file:
            if sha256_of(file) != part.sha256:
                raise BackupError(
                    f"{self.manifest.name} is damaged or was changed: {stored} isn’t what was written."
                )
        return path


def part_name(name: str, key: Key | None) -> str:
    """Answer what a part is called as it is stored."""
    return name + SUFFIX if key else name


def content_name(sha256: str, key: Key | None) -> str:
    """Answer what the content with that hash is called, which is another name for every key."""
    return f"{sha256}-{key.name}{SUFFIX}" if key else sha256


def opened(shop: Shop, name: str, work: Path) -> Opened:
    """Open the backup `name`; BackupError when it is damaged, foreign, or another key’s."""
    try:
        text = shop.target.read(f"{name}/{MANIFEST}")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BackupError(f"{name} is incomplete: it has no manifest.") from error
    seen = manifest.read(text, name, None)
    if seen.key and shop.key is None:
        raise BackupError(f"{name} is encrypted: set LECTERN_BACKUP_KEY_FILE to its key file.")
    if seen.key and shop.key and seen.key != shop.key.name:
        raise BackupError(f"{name} was encrypted with another key file: set LECTERN_BACKUP_KEY_FILE to that.")
    key = shop.key if seen.key else None
    found = manifest.read(text, name, key.secret if key else b"")
    if found.database != shop.database.kind:
        raise BackupError(f"{name} is of a {found.database} database, this shop has {shop.database.kind}.")
    return Opened(shop, found, key, work)
