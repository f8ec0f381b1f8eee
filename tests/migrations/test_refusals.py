"""What a revision must not do rolls back with a sentence, and leaves everything as it was."""

from typing import Any

import flask_migrate
import pytest
from sqlalchemy import event

from models import db
from tests.conftest import ON_POSTGRESQL
from tests.migrations.stage import head, start

# (what the revision does, what it declares, what the sentence says; None: it passes)
ROWS = {
    "rows deleted": ("DELETE FROM lesson_progress", "", "lesson_progress had {} rows and would have 0"),
    "rows cut off": (
        "DELETE FROM lesson_progress WHERE user_id = (SELECT user_id FROM lesson_progress LIMIT 1)", "",
        "lesson_progress had {} rows and would have ",
    ),
    "rows added": (
        "INSERT INTO login_attempts SELECT '0123456789abcdef0123456789abcdef', subject, at"
        " FROM login_attempts", "", "login_attempts had {} rows and would have 2",
    ),
    "table dropped": ("DROP TABLE captions", "", "captions had {} rows and would be gone"),
    "new table with rows": ("CREATE TABLE zz AS SELECT 1 AS a", "", "zz had 0 rows and would have 1"),
    "the wrong sign": ("DELETE FROM captions", "captions +", "captions had {} rows and would have 0"),
    "rows deleted as declared": ("DELETE FROM captions", "captions -", None),
    "any change as declared": ("DELETE FROM captions", "captions *", None),
    "table dropped as declared": ("DROP TABLE captions", "captions -", None),
    "new table with rows as declared": ("CREATE TABLE zz AS SELECT 1 AS a", "zz +", None),
    "new table without rows": ("CREATE TABLE zz (a INTEGER)", "", None),
    "rows changed": ("UPDATE captions SET label = 'x'", "", None),
}  # fmt: skip
if ON_POSTGRESQL:
    ROWS["table emptied at once"] = ("TRUNCATE captions", "", "captions had {} rows and would have 0")


def failing(place: Any, caplog: pytest.LogCaptureFixture) -> str:
    """Upgrade, expect it to fail with everything as it was, and answer the sentence."""
    before = (place.rows(), place.shape())
    with pytest.raises(SystemExit) as stopped:
        place.upgrade()
    assert stopped.value.code == 1
    assert place.revision == head()
    assert (place.rows(), place.shape()) == before
    return caplog.messages[-1]


@pytest.mark.parametrize("case", ROWS)
def test_rows_change_in_number_only_as_declared(
    place: Any, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    statement, declared, sentence = ROWS[case]
    table, _, sign = declared.partition(" ")
    place.revise("rows", f"op.execute({statement!r})", top=f"ROWS = { ({table: sign} if sign else {}) }")
    if sentence is None:
        place.upgrade()
        assert place.revision == "rows"
        return
    counted = sentence.split()[0]
    count = 0 if counted == "zz" else place.ask(f"SELECT count(*) FROM {counted}")[0][0]
    said = failing(place, caplog)
    assert said.startswith("Error: Revision rows was not applied, and nothing of it remains: ")
    assert sentence.format(count) in said


def test_an_unknown_sign_is_refused(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    place.revise("rows", "pass", top="ROWS = {'captions': 'some'}")
    assert "“some”" in failing(place, caplog)


def test_the_signs_turn_round_on_the_way_down(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    place.revise("rows", "op.execute('DELETE FROM captions')", top="ROWS = {'captions': '-'}",
                 down="op.execute('DELETE FROM proposed_captions')")  # fmt: skip
    place.upgrade()
    rows = place.rows()
    with pytest.raises(SystemExit):
        place.downgrade()
    assert "proposed_captions had 1 rows and would have 0" in caplog.messages[-1]
    assert (place.revision, place.rows()) == ("rows", rows)


def test_the_revisions_before_the_refused_one_stay_applied(
    place: Any, caplog: pytest.LogCaptureFixture
) -> None:
    place.revise("good", "op.execute(\"UPDATE captions SET label = 'kept'\")")
    place.revise("bad", "op.execute('DELETE FROM captions')", after="good")
    with pytest.raises(SystemExit):
        place.upgrade()
    assert "Revision bad" in caplog.messages[-1]
    assert (place.revision, place.ask("SELECT label FROM captions")) == ("good", [("kept",)])


def test_flask_db_upgrade_says_one_sentence_and_fails(place: Any) -> None:
    place.revise("rows", "op.execute('DELETE FROM captions')")
    upgrade = start(place)
    said = upgrade.communicate(timeout=60)[0]
    assert upgrade.returncode == 1
    assert "captions had 1 rows and would have 0" in said
    assert len(said.splitlines()) == 1


def test_a_database_that_is_away_is_a_sentence(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    with place.app.app_context():
        engine = db.engine

        @event.listens_for(engine, "do_connect")
        def away(*_: Any) -> None:
            raise engine.dialect.dbapi.OperationalError("nobody is there")

        with pytest.raises(SystemExit):
            flask_migrate.upgrade()
    assert "The database can't be migrated: nobody is there" in caplog.messages[-1]


def test_an_error_of_the_database_is_a_sentence(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    place.revise("wrong", "op.execute('UPDATE captions SET label = 1')\nop.execute('DROP TABLE no_such')")
    said = failing(place, caplog)
    assert "Revision wrong was not applied, and nothing of it remains: " in said
    assert "no_such" in said


def test_an_enumeration_is_never_narrowed_by_widening(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    place.revise("quiz", "widen_enum('lessons', 'kind', 'lesson_kind', ['video', 'quiz'])")
    assert "lessons.kind may hold ['audio', 'text'], which widen_enum would forbid" in failing(place, caplog)


def test_an_enumeration_that_is_not_there_is_named(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    place.revise("quiz", "widen_enum('lessons', 'kind', 'no_kind', ['video'])")
    assert "lessons has no CHECK ck_lessons_no_kind" in failing(place, caplog)


def test_an_enumeration_in_use_is_not_narrowed(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    place.revise("text", "narrow_enum('lessons', 'kind', 'lesson_kind', ['video', 'audio'])")
    assert "rows of lessons don't satisfy “kind IN ('video', 'audio')”" in failing(place, caplog)


def test_a_check_that_rows_break_is_refused(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    count = place.ask("SELECT count(*) FROM orders WHERE total_cents <= 1500")[0][0]
    assert count
    place.revise("dear", "add_check('orders', 'dear', 'total_cents > 1500')")
    assert f"{count} rows of orders don't satisfy “total_cents > 1500”" in failing(place, caplog)
