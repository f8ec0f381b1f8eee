"""Optional encryption in the age format: in an emergency the age program decrypts a target's files.

The key file is what `age-keygen` writes; it decrypts every backup made with it.
"""

import hashlib
import importlib
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from domain.backup.contents.streams import CHUNK
from domain.backup.model import BackupError, DamagedError

SUFFIX = ".age"
PREFIX = "AGE-SECRET-KEY-"


@dataclass(frozen=True)
class Key:
    """The key of a key file; `secret` also keys the checksum of manifests, `name` identifies it."""

    identity: Any = field(repr=False)
    secret: bytes = field(repr=False)
    name: str


def load(path: Path | None) -> Key | None:
    """Read the key file at `path`; None is no encryption. BackupError when it holds no key."""
    if path is None:
        return None
    try:
        lines = path.read_text().split()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"The key file {path} can’t be read: {_reason(error)}.") from error
    secret = next((line for line in lines if line.startswith(PREFIX)), "")
    age = _age()
    try:
        identity = age.x25519.Identity.from_str(secret)
    except age.IdentityError as error:
        raise BackupError(f"The key file {path} holds no key. Make one with: flask backup new-key") from error
    name = hashlib.sha256(str(identity.to_public()).encode()).hexdigest()[:8]
    return Key(identity, secret.encode(), name)


def new_key(path: Path) -> str:
    """Write a new key file at `path`, mode 0600, and answer its public key."""
    identity = _age().x25519.Identity.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"The key file {path} can’t be written: {_reason(error)}.") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def seal(source: Any, target: Any, key: Key | None) -> None:
    """Copy `source` to `target`, encrypted if there is a key."""
    if key is None:
        shutil.copyfileobj(source, target, CHUNK)
        return
    age, watched = _age(), _Watched(source, target)
    try:
        age.encrypt_io(watched, watched, [key.identity.to_public()])
    except age.EncryptError:
        if watched.error:
            raise watched.error from None
        raise


def unseal(source: BinaryIO, target: Any, key: Key | None, what: str) -> None:
    """Copy `source` to `target`, decrypted if there is a key; DamagedError when it doesn’t match."""
    if key is None:
        shutil.copyfileobj(source, target, CHUNK)
        return
    age = _age()
    try:
        age.decrypt_io(source, target, [key.identity])
    except (age.DecryptError, OSError) as error:
        if getattr(error, "errno", None):  # an error of the disk, not of the cipher
            raise
        raise DamagedError(f"{what} is damaged or was changed: it can’t be decrypted.") from error


class _Watched(io.RawIOBase):
    """A file that remembers the errors of its ends: age passes on only their messages."""

    def __init__(self, source: Any, target: Any) -> None:
        self._source = source
        self._target = target
        self.error: BaseException | None = None

    def readable(self) -> bool:
        """Answer True."""
        return True

    def writable(self) -> bool:
        """Answer True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read from the source."""
        return bytes(self._do(self._source.read, size))

    def write(self, data: Any) -> int:
        """Write to the target."""
        return int(self._do(self._target.write, data))

    def _do(self, act: Callable[[Any], Any], what: Any) -> Any:
        try:
            return act(what)
        except BaseException as error:
            self.error = error
            raise


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or "it isn’t text").lower()


def _age() -> Any:
    try:
        return importlib.import_module("pyrage")
    except ModuleNotFoundError as error:
        raise BackupError("Encryption needs the extra: pip install 'lectern[encryption]'.") from error
