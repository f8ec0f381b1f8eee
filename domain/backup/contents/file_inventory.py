"""Copying of the shop's files into the target, each content once for all backups (deduplicated)."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from domain.backup.contents import files
from domain.backup.contents.encryption import seal
from domain.backup.contents.files import BackupFile
from domain.backup.contents.reading import content_name, opened
from domain.backup.contents.streams import PacedFile
from domain.backup.listing import usable
from domain.backup.model import BackupError, BackupKind, Progress
from domain.backup.shop import Shop
from domain.backup.targets.bucket import Bucket
from storage import LocalStorage, S3Storage, StoredFile, sha256_of


@dataclass(frozen=True)
class FileInventory:
    """The copying of one backup; `seen` is the list so far, in a private folder."""

    shop: Shop
    seen: Path
    progress: Progress

    @property
    def copies(self) -> bool:
        """Tell if contents are copied: files in a bucket stay there and are only listed."""
        return isinstance(self.shop.store, LocalStorage)

    def begin(self) -> None:
        """Copy the files before the database is read, so that those deleted meanwhile are included.

        Files unchanged since the newest backup (size and modification time) aren't read again.
        """
        if self.copies:
            self._gather(self._newest(), gone_too=False)

    def finish(self) -> tuple[int, int]:
        """Copy the files added since; answers the number of listed files and their bytes."""
        known = files.read(self.seen, "The list") if self.seen.exists() else iter(())
        return self._gather(known, gone_too=True)

    def _gather(self, known: Iterable[BackupFile], gone_too: bool) -> tuple[int, int]:
        new = self.seen.with_suffix(".new")
        answer = files.write(self._kept(known, gone_too), new)
        new.replace(self.seen)
        return answer

    def _kept(self, known: Iterable[BackupFile], gone_too: bool) -> Iterator[BackupFile]:
        contents = set(self.shop.target.contents()) if self.copies else set()
        step = "Files since then" if gone_too and self.copies else "Files"
        total = sum(1 for _file in self._present())
        for done, (file, entry) in enumerate(files.paired(self._present(), known), 1):
            kept = self._keep(file, entry, contents) if file else entry if gone_too else None
            if kept:
                yield kept
            self.progress(step, min(done, total), total)

    def _keep(self, file: StoredFile, entry: BackupFile | None, contents: set[str]) -> BackupFile | None:
        """Copy a file under its hash; None when it was deleted since it was listed."""
        if not self.copies:
            return BackupFile(file.key, file.size, file.stamp)
        same = entry is not None and (file.size, file.stamp) == (entry.size, entry.stamp)
        if entry and same and content_name(entry.sha256, self.shop.key) in contents:
            return entry
        with suppress(FileNotFoundError), self.shop.store.open(file.key) as source:
            sha256 = sha256_of(source)
            content = content_name(sha256, self.shop.key)
            if content not in contents:
                self._put(content, self._path(file.key), source)
                contents.add(content)
            return BackupFile(file.key, file.size, file.stamp, sha256)
        return None

    def _path(self, key: str) -> Path:
        assert isinstance(self.shop.store, LocalStorage)
        return self.shop.store.path(key)

    def _put(self, content: str, path: Path, source: BinaryIO) -> None:
        source.seek(0)
        if self.shop.key is None:
            self.shop.target.keep(content, path, source)
            return
        sealed = self.seen.with_suffix(".sealed")
        try:
            with PacedFile(sealed) as file:
                seal(source, file, self.shop.key)
            with sealed.open("rb") as file:
                self.shop.target.keep(content, sealed, file)
        finally:
            sealed.unlink(missing_ok=True)

    def _present(self) -> Iterator[StoredFile]:
        """List the shop's files; backups in the same bucket are left out."""
        store, target = self.shop.store, self.shop.target
        same = isinstance(store, S3Storage) and isinstance(target, Bucket) and target.bucket == store.bucket
        backups = target.prefix if same and isinstance(target, Bucket) else None
        return (file for file in store.files() if backups is None or not file.key.startswith(backups))

    def _newest(self) -> Iterator[BackupFile]:
        """Read the file list of the newest backup; nothing if it can't be read, so that all is hashed."""
        for backup in usable():
            if backup.kind is not BackupKind.SNAPSHOT:
                with suppress(BackupError):
                    yield from opened(self.shop, backup.name, self.seen.parent).entries()
                return
