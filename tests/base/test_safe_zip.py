"""ZIP files from outside: what is too large to list, what isn't a ZIP, and what no entry may be."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from domain.base import safe_zip
from domain.base.safe_zip import Trouble


def entry(name: str = "a.txt", mode: int = 0, **values: int) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    for key, value in values.items():
        setattr(found, key, value)
    return found


def packed(path: Path, *entries: zipfile.ZipInfo, comment: bytes = b"", before: bytes = b"") -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one in entries:
            archive.writestr(one, b"words")
        archive.comment = comment
    path.write_bytes(before + out.getvalue())
    return path


@pytest.mark.parametrize("comment", [b"", b"words at the end " * 3000])
@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\n"])
def test_a_zip_is_opened_and_read(tmp_path: Path, comment: bytes, before: bytes) -> None:
    path = packed(tmp_path / "a.zip", entry(), comment=comment, before=before)
    with safe_zip.opened(path) as archive:
        assert archive.read("a.txt") == b"words"


def test_a_list_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.zip", *(entry(f"{n}.txt") for n in range(2000)))
    with safe_zip.opened(path) as archive:
        assert len(archive.infolist()) == 2000
    monkeypatch.setattr(safe_zip, "MOST_LISTED", 70_000)
    with pytest.raises(safe_zip.ListsTooMuch), safe_zip.opened(path):
        pass


def test_after_the_list_a_file_of_any_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_zip, "MOST_LISTED", 70_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("large.bin", bytes(200_000))
    with safe_zip.opened(tmp_path / "a.zip") as archive:
        assert len(archive.read("large.bin")) == 200_000


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(safe_zip.NotAZip), safe_zip.opened(tmp_path / "a.zip"):
        pass


def test_what_goes_wrong_within_is_no_fault_of_the_zip(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", entry())
    with pytest.raises(OSError, match="full"), safe_zip.opened(path):
        raise OSError("full")


@pytest.mark.parametrize(
    ("one", "trouble"),
    [
        (entry(), None),
        (entry(mode=stat.S_IFREG | 0o644), None),
        (entry("a/"), None),
        (entry("a/", mode=stat.S_IFDIR | 0o755), None),
        (entry(mode=stat.S_IFLNK | 0o777), Trouble.SPECIAL),
        (entry(mode=stat.S_IFLNK | 0o777, create_system=0), Trouble.SPECIAL),
        (entry("a/", mode=stat.S_IFLNK), Trouble.SPECIAL),
        (entry(mode=stat.S_IFCHR), Trouble.SPECIAL),
        (entry(flag_bits=1), Trouble.ENCRYPTED),
        (entry(compress_type=zipfile.ZIP_DEFLATED), None),
        (entry(compress_type=zipfile.ZIP_BZIP2), Trouble.COMPRESSION),
        (entry(compress_type=zipfile.ZIP_LZMA), Trouble.COMPRESSION),
    ],
)
def test_what_an_entry_may_be(one: zipfile.ZipInfo, trouble: Trouble | None) -> None:
    assert safe_zip.trouble_of(one, one.filename) is trouble


@pytest.mark.parametrize(
    "name", ["/a", "../a", "a/../../b", "a\\..\\b", "\\\\host\\a", "C:a", "c:\\a", "a\x00b"]
)
def test_names_that_lead_outside(name: str) -> None:
    assert safe_zip.points_outside(name)
    assert safe_zip.trouble_of(entry(), name) is Trouble.OUTSIDE


@pytest.mark.parametrize("name", ["a", "a/b.txt", "a..b", "...", "a b", "ä/日本.txt"])
def test_names_that_stay_inside(name: str) -> None:
    assert not safe_zip.points_outside(name)


def test_a_bomb_is_known_by_its_ratio() -> None:
    assert safe_zip.is_bomb(201_000, 1000, small=1000)
    assert not safe_zip.is_bomb(200_000, 1000, small=1000)
    assert not safe_zip.is_bomb(1000, 1, small=1000)
    assert safe_zip.is_bomb(1001, 0, small=1000)
