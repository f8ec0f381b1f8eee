"""The code of a course: what is taken for an archive, who gets it, and that it is what was uploaded."""

import gzip
import io
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from uuid_utils.compat import uuid7

import storage
from domain import Refused
from domain.media import code_archives
from models import ArchiveFormat, AuditEntry, CodeArchive, Course, Job, User, db
from tests.cast import Cast

SignedIn = Callable[[User], FlaskClient]


def zipped(files: dict[str, bytes], **more: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = more.get("mode", 0o100644) << 16
            archive.writestr(info, content)
    return out.getvalue()


def tarred(*members: tarfile.TarInfo, content: bytes = b"print(1)\n") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member in members:
            if member.isreg():
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def damaged(content: bytes) -> bytes:
    return content[:45] + bytes([content[45] ^ 0xFF]) + content[46:]


def huge_header() -> bytes:
    """A tar whose first header says that 900 MB of describing follow."""
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.XHDTYPE, 900 * 1024 * 1024
    return gzip.compress(info.tobuf() + bytes(2 * 1024 * 1024))


def many_listed() -> bytes:
    """A ZIP whose directory is said to take more memory than any of ours."""
    content = zipped({"a": b"1"})
    at = content.rindex(b"PK\x05\x06")
    return content[: at + 12] + struct.pack("<I", 500 * 1024 * 1024) + content[at + 16 :]


@pytest.mark.parametrize(
    ("content", "kind", "files"),
    [
        (zipped({"app.py": b"print(1)\n", "lib/b.py": b"2\n"}), ArchiveFormat.ZIP, 2),
        (
            tarred(member("app.py"), member("lib", tarfile.DIRTYPE), member("lib/b.py")),
            ArchiveFormat.TAR_GZ,
            2,
        ),
        (zipped({"text.txt": b"same line\n" * 100_000}), ArchiveFormat.ZIP, 1),
    ],
)
def test_an_archive_is_known_by_its_content(
    tmp_path: Path, content: bytes, kind: ArchiveFormat, files: int
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    found = code_archives.inspect(path)
    assert (found.format, found.file_count, found.size) == (kind, files, len(content))
    assert len(found.sha256) == 64


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: b"", "readable ZIP"),
        (lambda: b"hello", "readable ZIP"),
        (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "readable ZIP"),
        (lambda: b"PK\x03\x04" + bytes(100), "readable ZIP"),
        (lambda: b"\x1f\x8b" + bytes(100), "readable ZIP"),
        (lambda: gzip.compress(b"no tar at all"), "readable ZIP"),
        (lambda: damaged(zipped({"a.py": b"print('a rather long line of code')\n" * 9})), "readable ZIP"),
        (lambda: tarred(member("a.py"))[:-30], "readable ZIP"),
        (lambda: zipped({}), "no file"),
        (lambda: zipped({"../a.py": b"1"}), "points outside"),
        (lambda: zipped({"/etc/passwd": b"1"}), "points outside"),
        (lambda: zipped({"C:/a.py": b"1"}), "points outside"),
        (lambda: zipped({"a\\..\\..\\b.py": b"1"}), "points outside"),
        (lambda: tarred(member("../a.py")), "points outside"),
        (lambda: tarred(member("/a.py")), "points outside"),
        (lambda: zipped({"link": b"/etc/passwd"}, mode=0o120777), "link or device"),
        (lambda: tarred(member("link", tarfile.SYMTYPE, "/etc/passwd")), "link or device"),
        (lambda: tarred(member("hard", tarfile.LNKTYPE, "a.py")), "link or device"),
        (lambda: tarred(member("null", tarfile.CHRTYPE)), "link or device"),
        (lambda: zipped({"zeros": bytes(30_000_000)}), "far too large"),
        (lambda: tarred(member("zeros"), content=bytes(30_000_000)), "far too large"),
        (lambda: gzip.compress(bytes(120_000_000)), "no file"),
        (lambda: huge_header(), "readable ZIP"),
        (lambda: many_listed(), "readable ZIP"),
    ],
    ids=map(str, range(24)),
)  # fmt: skip
def test_what_could_harm_whoever_unpacks_it_is_refused(
    tmp_path: Path, make: Callable[[], bytes], sentence: str
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(make())
    with pytest.raises(Refused, match=sentence):
        code_archives.inspect(path)


def many_headers() -> bytes:
    """A tar of few files, each with a megabyte of what is said of it: half a million values."""
    said = b"5 a=\n" * 200_000
    info = tarfile.TarInfo("said")
    info.type, info.size = tarfile.XHDTYPE, len(said)
    header = info.tobuf(tarfile.USTAR_FORMAT) + said + bytes(-len(said) % 512)
    return gzip.compress((header + member("a.py").tobuf(tarfile.USTAR_FORMAT)) * 60, 1)


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_takes_too_much_to_unpack_is_refused(tmp_path: Path, way: int) -> None:
    path = tmp_path / "upload"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.py", b"print(1)", way)
    with pytest.raises(Refused, match="uses an unusual compression"):
        code_archives.inspect(path)


@pytest.mark.parametrize("content", [zipped({"a": b"1", "b": b"2"}), tarred(member("a"), member("b"))])
def test_a_look_takes_so_long_and_not_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    monkeypatch.setattr(code_archives, "SECONDS", -1)
    with pytest.raises(Refused, match="takes too long"):
        code_archives.inspect(path)


@pytest.mark.slow
def test_headers_that_describe_headers_are_read_only_so_far(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(many_headers())
    started = time.process_time()
    with pytest.raises(Refused, match="readable ZIP"):
        code_archives.inspect(path)
    assert time.process_time() - started < 10


def test_long_names_are_no_reason_to_refuse_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(tarred(*(member(f"{'folder/' * 30}{n}-ä.py") for n in range(300))))
    assert code_archives.inspect(path).file_count == 300


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_archives, "MOST_FILES", 3)
    path = tmp_path / "upload"
    path.write_bytes(zipped({f"{n}.py": b"1" for n in range(4)}))
    with pytest.raises(Refused, match="too many files"):
        code_archives.inspect(path)


def store(app: Flask, course: Course, actor: User, content: bytes, tmp_path: Path) -> str:
    with app.app_context():
        (tmp_path / "a").write_bytes(content)
        key = f"archives/{len(content)}.zip"
        storage.current().put(key, content, "application/zip")
        row, person = db.session.get_one(Course, course.id), db.session.get_one(User, actor.id)
        code_archives.adopt(row, person, uuid7(), key, "code.zip", code_archives.inspect(tmp_path / "a"))
        db.session.commit()
        return key


def test_owners_get_the_code_and_nobody_else(
    app: Flask, cast: Cast, signed_in: SignedIn, tmp_path: Path
) -> None:
    content = zipped({"app.py": b"print(1)\n"})
    store(app, cast.flask_course, cast.ada, content, tmp_path)
    answer = signed_in(cast.bo).get("/courses/flask-first-steps/code")
    assert answer.data == content
    assert answer.headers["Content-Disposition"] == "attachment; filename=flask-first-steps-code.zip"
    assert answer.content_type == "application/octet-stream"
    assert app.test_client().get("/courses/flask-first-steps/code").status_code == 403
    assert signed_in(cast.cy).get("/courses/flask-first-steps/code").status_code == 403
    page = signed_in(cast.bo).get("/courses/flask-first-steps").text
    assert "/courses/flask-first-steps/code" in page
    assert "SHA-256" in page
    assert "/code" not in app.test_client().get("/courses/flask-first-steps").text
    assert "/courses/flask-first-steps/code" in signed_in(cast.bo).get("/learn/flask-first-steps/routes").text


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_damaged_archive_is_never_sent_and_somebody_is_told_once(
    app: Flask, cast: Cast, signed_in: SignedIn, tmp_path: Path, harm: str
) -> None:
    key = store(app, cast.flask_course, cast.ada, zipped({"app.py": b"print(1)\n"}), tmp_path)
    with app.app_context():
        if harm == "changed":
            storage.current().put(key, zipped({"app.py": b"import evil\n"}), "application/zip")
        else:
            storage.current().delete(key)
    bo = signed_in(cast.bo)
    for _ in range(2):
        answer = bo.get("/courses/flask-first-steps/code")
        assert answer.status_code == 500
        assert "can’t be downloaded" in answer.text
    with app.app_context():
        told = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "code_damaged")).all()
        assert len(told) == 1


def test_code_of_a_live_course_waits_where_updates_wait(app: Flask, cast: Cast, tmp_path: Path) -> None:
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.commit()
    store(app, cast.flask_course, cast.ada, zipped({"a.py": b"1"}), tmp_path)
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert code_archives.offered(course.id) is None
        assert course.update_state.value == "editing"
        code_archives.accept_proposal(course)
        offered = code_archives.offered(course.id)
        assert offered is not None
        first = offered.id
        db.session.commit()
    store(app, cast.flask_course, cast.ada, zipped({"b.py": b"22"}), tmp_path)
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert len(code_archives.list_archives(course.id)) == 2
        code_archives.remove(course, db.session.get_one(User, cast.ada.id), pending=True)
        assert [a.id for a in code_archives.list_archives(course.id)] == [first]
        assert db.session.scalars(db.select(Job).where(Job.kind == "discard_file")).one()
        assert db.session.scalar(db.select(db.func.count(CodeArchive.id))) == 1
