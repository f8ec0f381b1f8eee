"""ZIP files from outside: opened within limits, and judged entry by entry before anything is unpacked.

Two subjects read them: the code of a course, which learners unpack, and courses that are imported. Both say
what is wrong in their own words.
"""

import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path, PurePosixPath

MOST_LISTED = 16 * 1024**2  # bytes of the central directory, which is read into memory as a whole
MOST_RATIO = 200  # text compresses to a twentieth at best, a decompression bomb to a thousandth
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class NotAZip(zipfile.BadZipFile):  # noqa: N818 - names what it finds
    """The file can't be read as a ZIP."""


class ListsTooMuch(Exception):  # noqa: N818 - names what it finds
    """The central directory is larger than MOST_LISTED."""


class Trouble(Enum):
    """The fault of an entry."""

    OUTSIDE = auto()  # its name leads out of the folder that it is unpacked into
    SPECIAL = auto()  # a link, a device, a pipe
    ENCRYPTED = auto()
    COMPRESSION = auto()  # bzip2 takes minutes for a gigabyte, LZMA as much memory as its header asks for


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the ZIP at `path`. Raises NotAZip, ListsTooMuch; FileNotFoundError for a file that isn't there."""
    with _Directory(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise NotAZip from error
        file.limit = None
        with archive:
            yield archive


def trouble_of(entry: zipfile.ZipInfo, name: str) -> Trouble | None:
    """Find what is wrong with `entry`, decoded as `name`; None for a file or folder."""
    if entry.flag_bits & 1:
        return Trouble.ENCRYPTED
    if entry.compress_type not in PLAIN:
        return Trouble.COMPRESSION
    kind = stat.S_IFMT(entry.external_attr >> 16)
    expected = stat.S_IFDIR if entry.is_dir() else stat.S_IFREG
    if kind not in (0, expected):
        return Trouble.SPECIAL
    return Trouble.OUTSIDE if points_outside(name) else None


def points_outside(name: str) -> bool:
    """Tell if a path in an archive leads out of its folder on some system, or can't be a path at all."""
    path = PurePosixPath(name.replace("\\", "/"))
    has_drive = len(name) > 1 and name[1] == ":"
    return path.is_absolute() or ".." in path.parts or has_drive or "\x00" in name


def is_bomb(unpacked: int, packed: int, small: int) -> bool:
    """Tell if `packed` bytes announce suspiciously many, `unpacked`; up to `small` bytes no ratio is one."""
    return unpacked > small and unpacked > max(packed, 1) * MOST_RATIO


class _Directory(io.BufferedReader):
    """A file that refuses to be read in pieces larger than `limit`, as only a huge directory is."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.limit: int | None = MOST_LISTED
        self._size = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as a file does; raises ListsTooMuch."""
        asked = self._size - self.tell() if size is None or size < 0 else size
        if self.limit is not None and asked > self.limit:
            raise ListsTooMuch
        return super().read(size)
