"""The manifest of a backup: its contents, and hashes to detect damage. Contains no personal data.

For an encrypted backup its checksum is keyed with the key file, so that nobody without it can forge one.
"""

import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from domain.backup.model import Backup, BackupError, BackupKind, DamagedError, Proof

FORMAT = 1
MANIFEST = "manifest.json"
PROOF = "proof.json"
LIST = "files.gz"
NAME = re.compile(r"(\d{8}T\d{6}Z)-(manual|daily|upgrade|snapshot)(?:-\d+)?")
STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class ManifestPart:
    """A stored file of the backup: size in bytes and SHA-256."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The data needed to read a backup; `rows` counts each table's, `storage` is where the files were.

    `key` identifies the key file it is encrypted with, `seconds` is how long it took.
    """

    name: str
    made_at: datetime
    seconds: float
    database: str
    server: str
    revision: str
    rows: dict[str, int]
    dump: ManifestPart
    storage: str
    file_list: ManifestPart | None
    files: int
    file_bytes: int
    key: str

    @property
    def encrypted(self) -> bool:
        """Tell if a key file is needed; `key` identifies it."""
        return self.key != ""

    @property
    def kind(self) -> BackupKind:
        """Read the kind from the name."""
        return named(self.name)[1]

    def summary(self, proof: Proof | None) -> Backup:
        """Summarise it for lists."""
        return Backup(
            self.name, self.kind, self.made_at, self.seconds, self.database, self.revision,
            self.dump.bytes, self.files, self.file_bytes, self.encrypted, proof,
        )  # fmt: skip


def named(name: str) -> tuple[datetime, BackupKind]:
    """Parse the name of a backup into time and kind; BackupError for an invalid one."""
    if not (found := NAME.fullmatch(name)):
        raise BackupError(f"“{name[:80]}” isn’t the name of a backup; run flask backup list to see them.")
    try:
        return datetime.strptime(found[1], STAMP).replace(tzinfo=UTC), BackupKind(found[2])
    except ValueError as error:
        raise BackupError(f"“{name}” isn’t the name of a backup: there is no such time.") from error


def is_name(text: str) -> bool:
    """Tell if `text` is a valid name of a backup."""
    try:
        named(text)
    except BackupError:
        return False
    return True


def write(manifest: Manifest, secret: bytes) -> bytes:
    """Serialise the manifest as JSON that ends with its checksum."""
    values = {"lectern_backup": FORMAT, **asdict(manifest), "made_at": manifest.made_at.isoformat()}
    return json.dumps({**values, "checksum": _checksum(values, secret)}, indent=1).encode()


def read(text: bytes, name: str, secret: bytes | None) -> Manifest:
    """Parse the manifest of the backup `name`; verifies the checksum of an encrypted one only with `secret`.

    Raises DamagedError when it is malformed or was changed, BackupError when a newer Lectern wrote it.
    """
    try:
        values = json.loads(text)
        checksum = values.pop("checksum")
        form = values.pop("lectern_backup")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise DamagedError(f"{name} isn’t a backup of Lectern: its manifest can’t be read.") from error
    if form != FORMAT:
        raise BackupError(f"{name} was made by a newer Lectern, which is needed to read it.")
    try:
        manifest = _parse(values)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DamagedError(f"{name} is damaged: its manifest doesn’t hold what it should.") from error
    known = secret if manifest.encrypted else b""
    if manifest.name != name:
        raise DamagedError(f"{name} isn’t what it says: its manifest belongs to {manifest.name[:80]}.")
    if known is not None and not hmac.compare_digest(
        str(checksum), _checksum({"lectern_backup": form, **values}, known)
    ):
        raise DamagedError(_changed(name, manifest.encrypted))
    return manifest


def write_proof(proof: Proof) -> bytes:
    """Serialise the result of a verification as JSON."""
    return json.dumps({**asdict(proof), "at": proof.at.isoformat()}, indent=1).encode()


def read_proof(text: bytes) -> Proof | None:
    """Parse the result of a verification; None for a malformed one."""
    try:
        values = json.loads(text)
        problems = tuple(str(problem) for problem in values["problems"])
        return Proof(_moment(values["at"]), bool(values["ok"]), problems, float(values["seconds"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _changed(name: str, encrypted: bool) -> str:
    if encrypted:
        return f"The manifest of {name} was damaged, changed, or written with another key file."
    return f"The manifest of {name} was damaged or changed: its checksum is another."


def _parse(values: dict[str, Any]) -> Manifest:
    if values["database"] not in ("sqlite", "postgresql"):
        raise ValueError("of an unknown database")
    named(str(values["name"]))
    return Manifest(
        name=str(values["name"]),
        made_at=_moment(values["made_at"]),
        seconds=float(values["seconds"]),
        database=str(values["database"]),
        server=str(values["server"]),
        revision=str(values["revision"]),
        rows={str(table): int(count) for table, count in values["rows"].items()},
        dump=_part(values["dump"]),
        storage=str(values["storage"]),
        file_list=_part(values["file_list"]) if values["file_list"] else None,
        files=int(values["files"]),
        file_bytes=int(values["file_bytes"]),
        key=str(values["key"]),
    )


def _part(values: dict[str, Any]) -> ManifestPart:
    return ManifestPart(int(values["bytes"]), str(values["sha256"]))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _checksum(values: dict[str, Any], secret: bytes) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hmac.new(b"lectern backup manifest" + secret, text.encode(), hashlib.sha256).hexdigest()
