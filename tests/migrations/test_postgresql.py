"""What only PostgreSQL needs: a shop that is open while it is migrated."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migrations.support import postgresql, runner
from models import db
from tests.migrations.stage import head

KINDS = "['video', 'audio', 'text', 'quiz']"
DEAR = "add_check('orders', 'attempt_positive', 'attempt >= 0')"
ADVISORY = """
SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE locktype = 'advisory' AND datname = current_database()"""
NOT_VALIDATED = "SELECT conname FROM pg_constraint WHERE NOT convalidated"


@pytest.fixture
def other(place: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """Another connection to the database; locks are waited for only briefly."""
    monkeypatch.setattr(postgresql, "LOCK_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(runner, "TRIES", 3)
    with psycopg.connect(place.url.replace("+psycopg", "")) as connection:
        yield connection


def test_a_lock_that_is_held_gives_a_sentence_and_the_old_state(
    place: Any, other: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[int] = []
    monkeypatch.setattr(runner, "pause", lambda: pauses.append(1))
    shape = place.shape()
    other.execute("SELECT count(*) FROM lessons")
    place.revise("quiz", f"widen_enum('lessons', 'kind', 'lesson_kind', {KINDS})")
    with pytest.raises(SystemExit):
        place.upgrade()
    assert len(pauses) == 2
    assert caplog.messages[-1] == (
        "Error: Revision quiz was not applied: other transactions kept its tables locked."
        " Nothing of it remains; let long transactions end, then run the command again."
    )
    assert (place.revision, place.shape()) == (head(), shape)


def test_a_lock_that_is_released_meanwhile_is_waited_for(
    place: Any, other: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "pause", other.rollback)
    other.execute("SELECT count(*) FROM lessons")
    place.revise("before", "op.execute(\"UPDATE captions SET label = label || '!'\")")
    place.revise("quiz", f"widen_enum('lessons', 'kind', 'lesson_kind', {KINDS})", after="before")
    place.revise("never", "op.execute('DROP TABLE users CASCADE')", after="quiz")
    label = place.ask("SELECT label FROM captions")[0][0]
    place.upgrade("quiz")
    assert place.revision == "quiz"
    assert place.ask("SELECT label FROM captions")[0][0] == f"{label}!"


def test_a_relative_target_is_not_overshot_after_a_lock(
    place: Any, other: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "pause", other.rollback)
    other.execute("SELECT count(*) FROM lessons")
    place.revise("one", "op.execute('CREATE TABLE one (a INTEGER)')")
    place.revise("two", f"widen_enum('lessons', 'kind', 'lesson_kind', {KINDS})", after="one")
    place.revise("three", "op.execute('CREATE TABLE three (a INTEGER)')", after="two")
    place.upgrade("+2")
    assert place.revision == "two"


def test_an_open_shop_may_write_while_it_is_migrated(place: Any) -> None:
    """Rows that others add and delete are not the revision's."""
    place.revise(
        "busy",
        "shop()\nop.execute(\"UPDATE captions SET label = 'x'\")",
        top=SHOP.format(url=other_url(place)),
    )
    count = place.ask("SELECT count(*) FROM tags")[0][0]
    place.upgrade()
    assert place.revision == "busy"
    assert place.ask("SELECT count(*) FROM tags")[0][0] == count + 1


def test_what_the_revision_does_beside_an_open_shop_is_still_seen(
    place: Any, caplog: pytest.LogCaptureFixture
) -> None:
    place.revise("busy", "shop()\nop.execute('DELETE FROM captions')", top=SHOP.format(url=other_url(place)))
    with pytest.raises(SystemExit):
        place.upgrade()
    assert "captions had 1 rows and would have 0" in caplog.messages[-1]
    assert "tags" not in caplog.messages[-1]


def test_rows_deleted_before_an_autocommit_block_are_still_seen(
    place: Any, caplog: pytest.LogCaptureFixture
) -> None:
    place.revise(
        "split",
        "op.execute('DELETE FROM captions')\n"
        "with op.get_context().autocommit_block():\n"
        "    op.execute('SELECT 1')",
    )
    with pytest.raises(SystemExit):
        place.upgrade()
    assert "captions had 1 rows and would have 0" in caplog.messages[-1]


def other_url(place: Any) -> str:
    """The address psycopg understands."""
    return str(place.url.replace("+psycopg", ""))


SHOP = """
import psycopg
def shop():
    with psycopg.connect({url!r}) as other:
        other.execute("INSERT INTO tags SELECT gen_random_uuid(), 'x', 'x', now(), now()")
"""


def test_a_check_is_validated_after_the_commit(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "finish", lambda _connection: None)
    place.revise("check", DEAR)
    place.upgrade()
    assert place.revision == "check"
    assert place.ask(NOT_VALIDATED) == [("ck_orders_attempt_positive",)]
    monkeypatch.undo()
    place.upgrade()
    assert place.ask(NOT_VALIDATED) == []


def test_a_row_that_breaks_a_check_before_it_is_validated_is_a_sentence(
    place: Any, caplog: pytest.LogCaptureFixture
) -> None:
    place.revise(
        "check", "op.execute('ALTER TABLE orders ADD CONSTRAINT zz CHECK (total_cents > 1500) NOT VALID')"
    )
    with pytest.raises(SystemExit):
        place.upgrade()
    assert "rows of orders break the constraint zz: correct them" in caplog.messages[-1]
    assert place.revision == "check"


def test_an_index_that_was_left_invalid_is_made_anew(place: Any) -> None:
    with psycopg.connect(other_url(place), autocommit=True) as left, pytest.raises(psycopg.Error):
        left.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_zz ON purchases (currency)")
    assert place.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_zz'::regclass") == [(False,)]
    place.revise("index", "create_large_index('ix_zz', 'purchases', ['currency'])")
    place.upgrade()
    assert place.ask("SELECT indisvalid, indisunique FROM pg_index WHERE indexrelid = 'ix_zz'::regclass") == [
        (True, False)
    ]


def test_an_index_that_is_there_already_is_not_made_again(place: Any) -> None:
    with psycopg.connect(other_url(place), autocommit=True) as connection:
        connection.execute("CREATE INDEX ix_zz ON purchases (currency)")
    (was,) = place.ask("SELECT 'ix_zz'::regclass::oid")
    place.revise("index", "create_large_index('ix_zz', 'purchases', ['currency'])")
    place.upgrade()
    assert place.ask("SELECT 'ix_zz'::regclass::oid") == [was]


def test_a_large_index_does_not_commit_half_a_revision(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    place.revise(
        "mixed",
        "op.execute(\"UPDATE captions SET label = 'x'\")\ncreate_large_index('ix_zz', 'purchases', ['id'])",
    )
    rows = place.rows()
    with pytest.raises(SystemExit):
        place.upgrade()
    assert "Indexes of large tables are made in a revision of their own" in caplog.messages[-1]
    assert (place.revision, place.rows()) == (head(), rows)


def test_another_upgrade_that_does_not_end_is_a_sentence(
    place: Any, other: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 0.1)
    other.execute(f"SELECT pg_advisory_lock({postgresql.UPGRADE_LOCK})")
    with pytest.raises(SystemExit):
        place.upgrade()
    assert caplog.messages[-1] == "Error: Another upgrade is still running; nothing was changed."


def test_the_session_that_migrated_is_given_up(place: Any) -> None:
    place.revise("any", "pass")
    place.upgrade()
    assert place.ask(ADVISORY) == []
    with place.app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"
