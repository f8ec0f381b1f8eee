"""The files of a course: a local folder, or an uploaded zip, which is untrusted.

Names are paths relative to the folder with `/` as separator, in composed Unicode (NFC). The directory of a
zip is validated before anything in it is read.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from domain.base import safe_zip
from domain.base.safe_zip import Trouble
from domain.base.text import clean, composed, one_line
from domain.portable import MANIFEST, InvalidCourse, Problem, broken

MAX_FILES = 5_000
MAX_BYTES = 50 * 1024**3
MAX_TEXT = 1024 * 1024
PLAIN_BYTES = 4 * 1024**2  # smaller files may have any ratio
MAX_NAME = 240
_SENTENCES = {
    Trouble.OUTSIDE: "This name points outside the folder.",
    Trouble.SPECIAL: "This is a symbolic link. Include the file itself.",
    Trouble.ENCRYPTED: "This file is password-protected.",
    Trouble.COMPRESSION: "This file has an unusual compression. Create a plain ZIP.",
}
_LEFT_OUT = {"__MACOSX", "Thumbs.db", "desktop.ini"}
_SPOILT = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError)


class Source(Protocol):
    """The files that a course is read from."""

    @property
    def names(self) -> Mapping[str, int]:
        """Map each file name to its size in bytes."""

    def open(self, name: str) -> BinaryIO:
        """Open a file of `names` for reading; the caller closes it."""


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open the folder or zip at `path`. Raises InvalidCourse for anything else, and for an unsafe zip."""
    if path.is_dir():
        yield FolderSource(path)
        return
    with ExitStack() as stack:
        try:
            packed = stack.enter_context(safe_zip.opened(path))
        except FileNotFoundError as error:
            raise broken(f"There is no folder or file {path}.") from error
        except safe_zip.ListsTooMuch as error:
            raise broken(
                f"There are too many files. At most {MAX_FILES:,} can be imported at once."
            ) from error
        except (safe_zip.NotAZip, OSError) as error:
            raise broken("This isn’t a readable ZIP file.") from error
        yield ZipSource(packed)


class FolderSource:
    """A local folder; symbolic links are refused, since they may lead anywhere."""

    def __init__(self, root: Path) -> None:
        self.root, self._paths = root, dict(self._find(root))
        self.names = {name: path.stat().st_size for name, path in self._paths.items()}
        _check_amount(len(self.names), sum(self.names.values()))

    def open(self, name: str) -> BinaryIO:
        """Open a file, as Source.open."""
        return self._paths[name].open("rb")

    def _find(self, root: Path) -> Iterator[tuple[str, Path]]:
        for folder, subfolders, files in os.walk(root):
            subfolders[:] = sorted(name for name in subfolders if not _is_left_out(name))
            for name in sorted(files):
                path = Path(folder, name)
                shown = composed(path.relative_to(root).as_posix())
                if _is_left_out(name):
                    continue
                if path.is_symlink():
                    raise broken("This is a symbolic link. Use the file itself.", shown)
                if stat.S_ISREG(path.stat().st_mode):
                    yield shown, path


class ZipSource:
    """A zip. A single top folder is stripped from the names."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self.packed = packed
        entries = packed.infolist()
        _check_amount(len(entries), sum(entry.file_size for entry in entries))
        self._entries = _without_top(_checked(entries))
        self.names = {name: entry.file_size for name, entry in self._entries.items()}

    def open(self, name: str) -> BinaryIO:
        """Open a file, as Source.open."""
        try:
            return cast(BinaryIO, _CheckedMember(self.packed.open(self._entries[name]), name))
        except _SPOILT as error:
            raise broken("This file in the ZIP can’t be read.", name) from error


class _CheckedMember:
    """A file of a zip whose errors name it when it turns out to be damaged."""

    def __init__(self, file: object, name: str) -> None:
        self._file, self._name = cast(BinaryIO, file), name

    def read(self, size: int = -1) -> bytes:
        """Read at most as many bytes as the zip declares."""
        try:
            return self._file.read(size)
        except _SPOILT as error:
            raise broken("This file in the ZIP is damaged.", self._name) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "_CheckedMember":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def content_of(source: Source, name: str) -> bytes:
    """Read a file that holds text. Raises InvalidCourse for one that is too long."""
    if source.names[name] > MAX_TEXT:
        raise broken(f"This text is too long: {source.names[name] // 1000:,} kB.", name)
    with source.open(name) as file:
        return file.read(MAX_TEXT + 1)


def text_of(source: Source, name: str) -> str:
    """Read a UTF-8 text file, with \\n line ends and without control characters. Raises InvalidCourse."""
    content = content_of(source, name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = " It looks like UTF-16." if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        line = content[: error.start].count(b"\n") + 1
        raise broken(f"This isn’t UTF-8 text.{kind} Save it as UTF-8.", name, line) from error
    return clean(text)


def _check_amount(files: int, size: int) -> None:
    if files > MAX_FILES:
        raise broken(f"There are {files:,} files. At most {MAX_FILES:,} can be imported at once.")
    if size > MAX_BYTES:
        raise broken(f"All files together are larger than {MAX_BYTES // 1024**3} GB.")


def _checked(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Map the files of a zip by name. Raises InvalidCourse with every unsafe one."""
    found: dict[str, zipfile.ZipInfo] = {}
    wrong: list[Problem] = []
    for entry in entries:
        # Some programs on Windows separate folders by backslashes, against the format.
        name = composed(_decoded(entry)).replace("\\", "/")
        trouble = _trouble(entry, name)
        if trouble is None and name in found:
            trouble = "The ZIP has two files with this name."
        if trouble is not None:
            wrong.append(Problem(one_line(name[:120]), 0, trouble))
        elif not name.endswith("/") and not any(map(_is_left_out, name.split("/"))):
            found[name] = entry
    if wrong:
        raise InvalidCourse(wrong)
    return found


def _trouble(entry: zipfile.ZipInfo, name: str) -> str | None:
    parts = name.rstrip("/").split("/")
    if name.startswith("/") or ":" in parts[0] or any(p in ("", ".", "..") for p in parts):
        return _SENTENCES[Trouble.OUTSIDE]
    if len(name) > MAX_NAME or clean(name) != name or "\n" in name or "\t" in name:
        return "This name is too long or can’t be read."
    if (trouble := safe_zip.trouble_of(entry, name)) is not None:
        return _SENTENCES[trouble]
    if safe_zip.is_bomb(entry.file_size, entry.compress_size, PLAIN_BYTES):
        return "This file would be too large when unpacked."
    return None


def _decoded(entry: zipfile.ZipInfo) -> str:
    """Decode a file name: many programs write UTF-8 without setting its flag."""
    raw = getattr(entry, "orig_filename", entry.filename)
    if not entry.flag_bits & 0x800:
        try:
            return str(raw.encode("cp437").decode("utf-8"))
        except (UnicodeEncodeError, UnicodeDecodeError):
            return str(raw)
    return str(raw)


def _without_top(entries: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    tops = {name.partition("/")[0] for name in entries}
    top = next(iter(tops), "")
    if MANIFEST in entries or len(tops) != 1 or f"{top}/{MANIFEST}" not in entries:
        return entries
    return {name.removeprefix(f"{top}/"): entry for name, entry in entries.items()}


def _is_left_out(part: str) -> bool:
    return part.startswith(".") and part not in (".", "..") or part in _LEFT_OUT
