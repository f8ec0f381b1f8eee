"""/readyz and /admin say when the newest backup is too old or a proof failed; everybody is still served."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.backup import BackupKind, Proof, records
from domain.base import clock
from domain.platform import health
from models import User, db
from tests.auth.mails import SignIn
from tests.cast import Cast
from tests.platform.backup_target import Target

Ready = Callable[[], tuple[int, str, str]]


@pytest.fixture
def ready(app: Flask, client: FlaskClient) -> Ready:
    """In production, with a worker that lives: /readyz's status, its word, and what it says of backups."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], env="production")
    with app.app_context():
        health.heartbeat("tests")
        db.session.commit()

    def ask() -> tuple[int, str, str]:
        answer = client.get("/readyz")
        assert answer.json is not None
        with app.app_context():
            return answer.status_code, answer.json["status"], health.checks()["backup"]

    return ask


def written(app: Flask, target: Target) -> None:
    with app.app_context():
        records.sync(target.listing(), clock.now())
        db.session.commit()


def proof(ok: bool, days_ago: int) -> Proof:
    return Proof(clock.now() - timedelta(days=days_ago), ok, () if ok else ("A file is missing.",), 3.0)


def test_a_shop_older_than_two_days_without_a_backup_warns(app: Flask, ready: Ready) -> None:
    assert ready() == (200, "warning", "warning: There is no backup.")


def test_a_new_shop_is_given_two_days(app: Flask, ready: Ready) -> None:
    with app.app_context():
        db.session.execute(db.update(User).values(created_at=clock.now() - timedelta(days=1)))
        db.session.commit()
    assert ready() == (200, "ok", "ok")


@pytest.mark.parametrize(("hours", "well"), [(1, True), (47, True), (49, False)])
def test_the_newest_backup_is_at_most_two_days_old(
    app: Flask, ready: Ready, target: Target, hours: int, well: bool
) -> None:
    made = target.put(made_at=clock.now() - timedelta(hours=hours))
    written(app, target)
    day = f"{made.made_at.day} {made.made_at:%B %Y}"
    late = f"warning: The newest backup is from {day}, more than two days ago."
    assert ready() == ((200, "ok", "ok") if well else (200, "warning", late))


def test_snapshots_broken_and_missing_backups_do_not_count(app: Flask, ready: Ready, target: Target) -> None:
    target.put(BackupKind.SNAPSHOT)
    target.put(made_at=clock.now() - timedelta(hours=9), problem="It is cut short.")
    target.put()
    written(app, target)
    assert ready()[2] == "ok"
    target.held.pop(0)
    written(app, target)
    assert ready()[2] == "warning: There is no backup."


def test_a_failed_proof_warns_until_another_succeeds(app: Flask, ready: Ready, target: Target) -> None:
    target.put(proof=proof(True, 40))
    target.put(proof=proof(False, 2))
    written(app, target)
    status, word, said = ready()
    assert (status, word) == (200, "warning")
    assert said.startswith("warning: The last backup test failed on ")
    assert "A file is missing" not in said
    target.put(proof=proof(True, 0))
    written(app, target)
    assert ready()[2] == "ok"


def test_development_and_tests_stay_calm_about_age(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        assert health.checks()["backup"] == "ok"


@pytest.mark.slow
def test_an_older_database_is_told_apart_from_one_that_is_away(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="0007")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "unready"}
    with app.app_context():
        checks = health.checks()
    assert checks["database"] == "ok"
    assert checks["migrations"].startswith("at 0007, the code needs ")


def test_the_first_page_of_admins_says_it_with_a_link(
    app: Flask, ready: Ready, target: Target, cast: Cast, signed_in: SignIn
) -> None:
    mo = signed_in(cast.mo)
    page = mo.get("/admin").text
    assert "There is no backup." in page
    assert page.count('href="/admin/backups"') == 2
    target.put(proof=proof(True, 0))
    written(app, target)
    page = mo.get("/admin").text
    assert "backup." not in page
    assert page.count('href="/admin/backups"') == 1
