"""Files in the data folder are their owner's: what is made, and what was made before that was so."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from storage import file_permissions

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Start with the usual one, and leave the process as it was."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """Mode of everything in a folder, and of itself."""
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): oct(stat.S_IMODE(path.stat().st_mode)) for path in paths}


def old_shop(folder: Path) -> None:
    """A data folder as it was left by the usual umask."""
    for name in ("lectern.db", "lectern.db-wal", "storage/films/a/film.mp4", "backups/b.1"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        path.chmod(0o600 if "backups" in name else 0o644)


def load(folder: Path, **more: str) -> config.Settings:
    return config.load({"LECTERN_DATA_DIR": str(folder), "LECTERN_SECRET_KEY": "any", **more})


def test_older_files_are_taken_from_others_at_start(tmp_path: Path) -> None:
    old_shop(tmp_path)
    file_permissions.keep(load(tmp_path))
    found = modes(tmp_path)
    assert {mode for name, mode in found.items() if "." in name[1:] and "b.1" not in name} == {"0o600"}
    assert {found[name] for name in (".", "storage", "storage/films", "storage/films/a", "backups")} == {
        "0o700"
    }


def test_nginx_may_read_storage_and_nothing_else(tmp_path: Path) -> None:
    old_shop(tmp_path)
    file_permissions.keep(load(tmp_path))
    file_permissions.keep(load(tmp_path, LECTERN_X_ACCEL_PREFIX="/protected"))
    (tmp_path / "storage/new").write_bytes(b"")
    found = modes(tmp_path)
    assert (found["."], found["storage"], found["storage/new"]) == ("0o750", "0o750", "0o640")
    assert (found["storage/films/a"], found["storage/films/a/film.mp4"]) == ("0o750", "0o640")
    assert (found["lectern.db"], found["backups"]) == ("0o600", "0o700")
    file_permissions.keep(load(tmp_path))
    assert not [name for name, mode in modes(tmp_path).items() if int(mode, 8) & 0o077]


def test_a_database_elsewhere_is_its_owners_too(tmp_path: Path) -> None:
    database = tmp_path / "elsewhere" / "shop.db"
    database.parent.mkdir()
    database.write_bytes(b"")
    file_permissions.keep(load(tmp_path / "data", DATABASE_URL=f"sqlite:///{database}"))
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_a_shared_folder_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    file_permissions.keep(load(tmp_path))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


def test_a_command_makes_files_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    environ = {**os.environ, "LECTERN_DATA_DIR": str(folder), "LECTERN_ENV": "development"}
    command = [sys.executable, "-m", "flask", "--app", "app", "db", "upgrade", "0001"]
    subprocess.run(command, cwd=config.ROOT, env=environ, check=True, capture_output=True, timeout=120)
    for name, mode in modes(folder).items():
        assert mode in ("0o700", "0o600"), name
