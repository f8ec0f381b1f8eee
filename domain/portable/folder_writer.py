"""Writing an export to a folder, or streaming it as a zip, with only a block at a time in memory."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import storage
from domain import Refused
from domain.portable.exporting import ExportedFile

BLOCK = 256 * 1024
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time stamp makes zips reproducible
_TEXTS = (".md", ".toml", ".vtt")


def to_folder(entries: list[ExportedFile], folder: Path, progress: Callable[[str, int, int], None]) -> None:
    """Write every file below `folder`, which must be empty or absent; atomic: a failed export leaves nothing.

    Raises Refused if the folder isn't empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not an empty folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for number, entry in enumerate(entries, 1):
            target = unfinished / entry.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with closing(_open(entry)) as source, target.open("xb") as out:
                shutil.copyfileobj(source, out, BLOCK)
            progress("Files", number, len(entries))
        unfinished.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def to_zip(entries: Iterable[ExportedFile], top: str) -> Iterator[bytes]:
    """Stream a zip with every file below the folder `top`."""
    outlet = _ZipStream()
    with zipfile.ZipFile(outlet, "w") as packed:  # type: ignore[call-overload]
        for entry in entries:
            info = zipfile.ZipInfo(f"{top}/{entry.name}", EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED if entry.name.endswith(_TEXTS) else zipfile.ZIP_STORED
            info.external_attr = 0o644 << 16
            with closing(_open(entry)) as source, packed.open(info, "w", force_zip64=True) as out:
                while block := source.read(BLOCK):
                    out.write(block)
                    yield outlet.take()
    yield outlet.take()


def _open(entry: ExportedFile) -> BinaryIO:
    return storage.current().open(entry.key) if entry.key else BytesIO(entry.content)


class _ZipStream:
    """A write-only stream for zipfile; without `tell` and `seek` zipfile doesn't try to go back."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, block: bytes) -> int:
        """Buffer a block."""
        self._blocks.append(bytes(block))
        return len(block)

    def flush(self) -> None:
        """Do nothing."""

    def take(self) -> bytes:
        """Return and clear the buffer."""
        taken = b"".join(self._blocks)
        self._blocks.clear()
        return taken
