"""`flask create-admin`."""

import pytest
from flask import Flask

from domain.base import clock
from models import AuditEntry, Role, User, db
from tests.cast import Cast

PASSWORD = "the keys of the house"


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["create-admin", *arguments])
    return result.exit_code, result.output


def admin(app: Flask, email: str) -> User | None:
    with app.app_context():
        return db.session.scalar(db.select(User).where(User.email == email))


def test_a_new_account_runs_the_shop(app: Flask, cast: Cast) -> None:
    code, output = run(app, "Chief@Example.com", "--name", "Chief", "--password", PASSWORD)
    assert (code, output) == (0, "chief@example.com is an admin and can sign in.\n")
    made = admin(app, "chief@example.com")
    assert (made.role, made.name, made.is_verified) == (Role.ADMIN, "Chief", True)
    login = app.test_client().post("/login", data={"email": "chief@example.com", "password": PASSWORD})
    assert login.status_code == 303
    with app.app_context():
        assert db.session.scalars(db.select(AuditEntry.action)).all() == ["make_admin"]


def test_an_account_that_exists_becomes_one(app: Flask, cast: Cast) -> None:
    assert run(app, "una@example.com", "--password", PASSWORD)[0] == 0
    made = admin(app, "una@example.com")
    assert (made.id, made.role, made.name, made.is_verified) == (cast.una.id, Role.ADMIN, "Una", True)


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("nonsense", PASSWORD, "complete email"),
        ("a@example.com", "short", "at least 10"),
        ("cy@example.com", PASSWORD, "closed"),
    ],
)
def test_what_can_not_be_is_said(app: Flask, cast: Cast, email: str, password: str, sentence: str) -> None:
    with app.app_context():
        db.session.get_one(User, cast.cy.id).deleted_at = clock.now()
        db.session.commit()
    code, output = run(app, email, "--password", password)
    assert code == 1
    assert sentence in output
    assert "Traceback" not in output
    with app.app_context():
        query = db.select(db.func.count()).where(User.role == Role.ADMIN)
        assert db.session.scalar(query) == 1, "mo alone"
