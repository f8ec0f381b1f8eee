"""`flask backup`: what an operator types and reads, and that nothing bad ends with 0."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from flask import current_app

import config
from domain import backup
from domain.backup import BackupKind, verifying
from models import db
from tests.backup.conftest import FILES, ON_POSTGRESQL, Shop
from tests.backup.test_verifying import flip, rewrite


def run(shop: Shop, *words: str) -> Result:
    db.session.rollback()
    return shop.app.test_cli_runner().invoke(args=["backup", *words])


def test_from_the_first_backup_to_the_restored_shop(shop: Shop, no_books: None) -> None:
    assert "There are no backups yet" in run(shop, "list").output
    tags = shop.tags()
    created = run(shop, "create")
    assert (created.exit_code, "3 files of 7.0 KB" in created.output) == (0, True)
    name = backup.listing()[0].name
    assert "never tested" in run(shop, "list").output
    assert run(shop, "verify").exit_code == 0
    assert f"{name} " in run(shop, "list").output
    assert "tested" in run(shop, "list").output
    listed = json.loads(run(shop, "list", "--json").output)
    assert [(one["name"], one["files"], one["proof"]["ok"]) for one in listed] == [(name, 3, True)]
    shop.add_tag("later")
    done = run(shop, "restore", name, "--force")
    assert done.exit_code == 0
    assert f"{name} is restored." in done.output
    assert done.output.count("The old data is in ") == 2
    assert shop.tags() == tags
    assert run(shop, "prune").output == "0 backups were removed.\n"


def test_restore_wants_one_name_or_one_time(shop: Shop) -> None:
    assert run(shop, "restore").exit_code == 2
    assert run(shop, "restore", "x", "--at", "2026-11-29").exit_code == 2
    assert "isn’t a time" in run(shop, "restore", "--at", "yesterday").output
    assert (
        "2001-01-01 11:00:00 UTC" in run(shop, "restore", "--at", "2001-01-01T12:00+01:00", "--force").output
    )


def test_a_refusal_is_a_sentence_and_an_exit_status(shop: Shop, tmp_path: Path) -> None:
    for words in (["verify", "nothing"], ["verify"], ["restore", "../x", "--force"]):
        refused = run(shop, *words)
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: ")
    assert run(shop, "new-key", str(tmp_path / "key")).exit_code == 0
    assert "file exists" in run(shop, "new-key", str(tmp_path / "key")).output


@pytest.mark.once
def test_verifying_all_counts_the_bad_ones(shop: Shop, no_books: None) -> None:
    made = [backup.create(BackupKind.MANUAL) for _ in range(3)]
    rewrite(shop.part(made[1], "database"), flip)
    done = run(shop, "verify", "--all")
    assert done.exit_code == 1
    assert "1 of 3 can’t be trusted." in done.output
    shop.part(made[0], "manifest").unlink()
    assert f"{made[0].name:32} BROKEN: " in run(shop, "list").output


def test_a_full_disk_half_way_leaves_nothing(shop: Shop) -> None:
    """The process may write no file beyond some kilobytes, as if the disk ended there."""
    target = shop.folder.parent / "small"
    shop.configure(backup_target=str(target))
    db.session.remove()
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "backup", "create"],
        cwd=current_app.root_path,
        env=os.environ | config.environ(current_app.config["SETTINGS"]),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),  # noqa: PLW1509
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    room = "there is no room left on the disk" if ON_POSTGRESQL else "disk I/O error"  # SQLite's word for it
    assert done.stderr.splitlines()[-1] == f"Error: The backup failed: {room}."
    assert [path.name for path in target.iterdir() if path.name != "files"] == []
    assert shop.files() == FILES


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which nothing is but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_without_a_client_or_with_an_older_one_the_versions_are_named(shop: Shop, programs: Path) -> None:
    """SQLite needs no program."""
    if not ON_POSTGRESQL:
        assert run(shop, "create").exit_code == 0
        return
    missing = run(shop, "create")
    assert missing.exit_code == 1
    assert "pg_dump isn’t installed on this machine: the server is PostgreSQL" in missing.output
    old = programs / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o700)
    older = run(shop, "create")
    assert older.exit_code == 1
    assert "pg_dump is version 9, the server is PostgreSQL" in older.output
    assert backup.listing() == []


def test_a_dump_that_fails_is_a_sentence(shop: Shop, programs: Path) -> None:
    if not ON_POSTGRESQL:
        Path(db.engine.url.database or "").rename(programs / "elsewhere")
        assert "There is no database at" in run(shop, "create").output
        return
    bad = programs / "pg_dump"
    bad.write_text(
        '#!/bin/sh\ntest "$1" = --version && echo "pg_dump 99.1" && exit\necho half\necho "no" >&2\nexit 3\n'
    )
    bad.chmod(0o700)
    failed = run(shop, "create")
    assert (failed.exit_code, failed.output.splitlines()[-1]) == (1, "Error: pg_dump failed: no")
    assert backup.listing() == []


def test_no_password_is_seen_in_the_list_of_processes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[str] = []
    start = subprocess.Popen

    def remember(command: list[str], **how: object) -> object:
        commands.append(" ".join(command))
        return start(command, **how)

    monkeypatch.setattr(subprocess, "Popen", remember)
    monkeypatch.setattr(verifying, "books", lambda *_: [])
    made = backup.create(BackupKind.MANUAL)
    backup.verify(made.name)
    url = db.engine.url
    assert not any("password" in command or "postgresql://" in command for command in commands)
    assert not url.password or not any(url.password in command for command in commands)
    assert any("pg_dump" in command for command in commands) == ON_POSTGRESQL
