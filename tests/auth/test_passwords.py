"""Which passwords may be chosen, and that one is the same however it was typed."""

import unicodedata

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import Refused
from domain.people import accounts, passwords
from models import User, db
from tests.auth.mails import SignIn, link, sent
from tests.cast import PASSWORD, Cast

COMPOSED = "n\u00e9 en mille neuf cent"
TAKEN_APART = unicodedata.normalize("NFD", COMPOSED)
ABOUT = ("Jane Meyer", "jane.meyer@example.com", "Lectern")
WEAK = {
    passwords.COMMON: [
        "password123", "P@ssw0rd2024", "Password!!!", "iloveyou1234", "1q2w3e4r5t6y", "manchester",
        "passwordpassword", "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44123",
    ],
    passwords.TOO_EASY: [
        "1234567890", "0987654321", "qwertyuiop", "QWERTYUIOP12", "asdfghjkl;'", "aaaaaaaaaaaa",
        "abcdefghijkl", "abcabcabcabc", "112233445566", "abc123abc123", "0000000000000001",
    ],
    passwords.OWN_WORDS: [
        "jane.meyer@example.com", "Jane.Meyer@Example.com!", "janemeyer2024", "Meyer-123456", "Lectern2024!!",
        "l3ct3rn1999", "example.com99", "lecternlectern",
    ],
    "at least 10": ["short", "e\u0301" * 6],
    "at most 256": ["x" * 257],
}  # fmt: skip
GOOD = [
    "a long enough password", "horses eat apples", "correct horse battery staple", "x7#kQ9!vLp", PASSWORD,
    "meyer likes pizza a lot", "jane and the lectern of doom", "ein gutes Kennwort",
    "\u5bc6\u7801\u9a6c\u5403\u82f9\u679c\u5728\u82b1\u56ed\u91cc", "9f8e7d6c5b4a", COMPOSED,
    "x" * 20 + "yes, 236 to go",
]  # fmt: skip


@pytest.mark.parametrize(("password", "sentence"), [(p, why) for why, them in WEAK.items() for p in them])
def test_what_guessers_try_first_is_refused(password: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence) as refusal:
        passwords.check(password, ABOUT)
    assert refusal.value.field == "password"


@pytest.mark.parametrize("password", GOOD)
def test_what_is_long_and_ones_own_is_taken(password: str) -> None:
    passwords.check(password, ABOUT)


def test_what_is_known_of_others_may_be_used() -> None:
    passwords.check("janemeyer2024", ("Bo", "bo@example.com"))


@pytest.fixture
def reset_link(app: Flask, client: FlaskClient, cast: Cast) -> str:
    client.post("/forgot-password", data={"email": "bo@example.com"})
    return link(app, "reset_password")


@pytest.mark.parametrize("password", ["password123", "1234567890", "bo@example.com", "Lectern2024"])
def test_every_form_says_so_beside_the_field(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: SignIn, reset_link: str, password: str
) -> None:
    bo = signed_in(cast.bo)
    answers = [
        client.post("/register", data={"name": "Bo", "email": "bo@example.com", "password": password}),
        client.post(reset_link, data={"password": password}),
        bo.post("/account/security", data={"current": PASSWORD, "password": password}),
    ]
    for answer in answers:
        assert answer.status_code == 422
        error = answer.text.split('id="password-error"')[1].split("</p>")[0]
        assert any(s in error for s in ("too common", "easy to guess")), error
        assert f'value="{password}"' not in answer.text.replace('type="email"', "") or "@" in password
    assert client.post("/login", data={"email": "bo@example.com", "password": PASSWORD}).status_code == 303
    result = app.test_cli_runner().invoke(args=["create-admin", "bo@example.com", "--password", password])
    assert result.exit_code == 1
    assert any(s in result.output for s in ("too common", "easy to guess"))


@pytest.mark.parametrize(("chosen", "typed"), [(COMPOSED, TAKEN_APART), (TAKEN_APART, COMPOSED)])
def test_a_password_is_the_same_however_it_is_typed(
    app: Flask, client: FlaskClient, chosen: str, typed: str
) -> None:
    form = {"name": "Zoe", "email": "zoe@example.com", "password": chosen}
    client.post("/register", data=form)
    assert client.post(link(app, "verify_email")).status_code == 303
    login = {"email": "zoe@example.com", "password": typed}
    assert app.test_client().post("/login", data=login).status_code == 303
    change = {"current": typed, "password": "another one of these"}
    assert client.post("/account/security", data=change).status_code == 303


def test_a_hash_of_another_form_still_opens_and_is_renewed(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.get_one(User, cast.bo.id).password_hash = accounts.HASHER.hash(TAKEN_APART)
        db.session.commit()

    def login(password: str) -> int:
        form = {"email": "bo@example.com", "password": password}
        return app.test_client().post("/login", data=form).status_code

    assert (login(COMPOSED), login(TAKEN_APART), login(COMPOSED)) == (422, 303, 303)
    assert sent(app) == []


def test_no_empty_hash_is_opened_by_anything() -> None:
    import uuid

    for stored in (None, ""):
        assert not accounts.PasswordHash(uuid.uuid4(), stored).opens_with("no password at all")


def test_marks_heaped_on_a_letter_are_compared_as_they_were_typed() -> None:
    """To sort them takes the square of their number; a letter of any language has a few."""
    heap = "e" + "\u0301\u0316" * 200_000
    assert passwords.composed(heap) == heap
    assert passwords.composed(TAKEN_APART) == COMPOSED
