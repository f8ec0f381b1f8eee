"""Optional encryption in the age format: in an emergency, the age program opens what is in the target.

The key file is what `age-keygen` writes; whoever holds it can read every backup made with it.
"""

import hashlib
import importlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from domain.backup.model import BackupError, DamagedError
from domain.backup.streams import CHUNK

SUFFIX = ".age"
PREFIX = "AGE-SECRET-KEY-"


@dataclass(frozen=True)
class Key:
    """The key of a key file; `secret` also keys the checksum of manifests, `name` tells it from others."""

    identity: Any = field(repr=False)
    secret: bytes = field(repr=False)
    name: str


def load(path: Path | None) -> Key | None:
    """Read the key file at `path`; None stands for no encryption. BackupError when it holds no key."""
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
        raise BackupError(f"The key file {path} holds no key; flask backup new-key makes one.") from error
    name = hashlib.sha256(str(identity.to_public()).encode()).hexdigest()[:8]
    return Key(identity, secret.encode(), name)


def new_key(path: Path) -> str:
    """Write a new key file at `path`, for its owner alone, and answer its public half."""
    identity = _age().x25519.Identity.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"The key file {path} can’t be written: {_reason(error)}.") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def seal(source: Any, target: Any, key: Key | None) -> None:
    """Copy `source` to `target`, encrypted when there is a key."""
    if key is None:
        shutil.copyfileobj(source, target, CHUNK)
    else:
        _age().encrypt_io(source, target, [key.identity.to_public()])


def unseal(source: BinaryIO, target: Any, key: Key | None, what: str) -> None:
    """Copy `source` to `target`, decrypted when there is a key; DamagedError when it doesn’t fit."""
    if key is None:
        shutil.copyfileobj(source, target, CHUNK)
        return
    age = _age()
    try:
        age.decrypt_io(source, target, [key.identity])
    except age.DecryptError as error:
        raise DamagedError(f"{what} can’t be opened with this key file, or is damaged.") from error


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or "it isn’t text").lower()


def _age() -> Any:
    try:
        return importlib.import_module("pyrage")
    except ModuleNotFoundError as error:
        raise BackupError("Encryption needs the extra: pip install 'lectern[encryption]'.") from error
