"""Signed things in the wild: what was made before, and with the key of before, still counts.

Salts and messages stand here once more, as they were when the first mails were sent: nobody may change them.
"""

import hashlib
import hmac
import io
import time
import uuid
from typing import Any

import pytest
from flask import Flask
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from werkzeug.test import EnvironBuilder

import storage
from blueprints.auth import known_devices
from domain import InvalidToken
from domain.base import clock, signing
from domain.learning import playback
from domain.people import address_history, mail_tokens
from domain.people.mail_tokens import Purpose
from domain.platform import events, image_signatures, mail_preferences
from models import NotificationKind, User, db
from tests.cast import Cast
from web import csrf

OLD, NEW = "the secret of before, of 32 characters", "the secret of today, with 32 characters"


@pytest.fixture(params=[OLD, NEW], ids=["present key", "after a change of the key"])
def shop(app: Flask, cast: Cast, request: pytest.FixtureRequest) -> Any:
    """A shop that signed with OLD, and does so still or has changed its key."""
    before = app.config["SECRET_KEY"], app.config.get("SECRET_KEY_FALLBACKS")
    app.config["SECRET_KEY"] = request.param
    app.config["SECRET_KEY_FALLBACKS"] = [OLD] if request.param == NEW else []
    with app.app_context():
        yield app
    app.config["SECRET_KEY"], app.config["SECRET_KEY_FALLBACKS"] = before


def old(message: str | bytes) -> str:
    text = message.encode() if isinstance(message, str) else message
    return hmac.new(OLD.encode(), text, hashlib.sha256).hexdigest()


def forged(token: str) -> str:
    return token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]


def test_a_link_to_unsubscribe(shop: Flask, cast: Cast) -> None:
    token = URLSafeSerializer(OLD, salt="lectern.unsubscribe").dumps([cast.bo.id.hex, "refund"])
    user, kind = mail_preferences.opened_by(token)
    assert (user.id, kind) == (cast.bo.id, NotificationKind.REFUND)
    with pytest.raises(InvalidToken):
        mail_preferences.opened_by(forged(token))


@pytest.mark.parametrize("purpose", ["verify", "reset", "email", "not-me"])
def test_a_link_in_a_mail(shop: Flask, cast: Cast, purpose: str) -> None:
    bo = db.session.get_one(User, cast.bo.id)
    state: tuple[object, ...] = (bo.email,) if purpose == "not-me" else (bo.email, bo.password_hash)
    content = [bo.id.hex, old(repr((purpose, *state)))[:24], ""]
    token = URLSafeTimedSerializer(OLD, salt=f"lectern.{purpose}").dumps(content)
    assert mail_tokens.opened_by(Purpose(purpose), token)[0].id == bo.id
    elsewhere = URLSafeTimedSerializer(OLD, salt="lectern.other").dumps(content)
    for wrong in (forged(token), elsewhere):
        with pytest.raises(InvalidToken):
            mail_tokens.opened_by(Purpose(purpose), wrong)


def test_an_address_of_media(shop: Flask) -> None:
    prefix, expires = f"media/{uuid.uuid4()}/", int(time.time()) + 900
    own = hmac.digest(OLD.encode(), b"lectern media address", "sha256")
    signature = hmac.new(own, f"{prefix}\n{expires}".encode(), hashlib.sha256).hexdigest()[:40]
    assert storage.verify(f"{expires:x}.{signature}", prefix) is not None
    assert storage.verify(f"{expires + 1:x}.{signature}", prefix) is None
    assert storage.verify(f"{expires:x}.{signature}é", prefix) is None


def test_a_picture_that_was_exported(shop: Flask, cast: Cast) -> None:
    content = b"a picture"
    seal = old(b"picture webp " + content)[:32]
    assert image_signatures.verify(io.BytesIO(content), "webp", seal, 100)[0] == content
    assert image_signatures.verify(io.BytesIO(content), "jpg", seal, 100)[0] is None


def test_the_opening_of_a_player(shop: Flask, cast: Cast) -> None:
    moment = f"{int(clock.now().timestamp()):x}-0"
    who: Any = type("Who", (), {"user_id": cast.bo.id, "lesson_id": cast.video_lesson.id})
    message = b"player opened" + who.user_id.bytes + who.lesson_id.bytes + moment.encode()
    assert playback._opened_at(who, f"{moment}.{old(message)[:32]}") is not None
    who.lesson_id = cast.text_lesson.id
    assert playback._opened_at(who, f"{moment}.{old(message)[:32]}") is None


def test_an_address_that_was_left(shop: Flask) -> None:
    marks = address_history._marks("Me+shop@Example.com")
    assert old("address mark:me@example.com") in marks
    assert marks[0] == signing.digest("address mark:me@example.com")


def test_a_known_device(shop: Flask, cast: Cast) -> None:
    marks = [old(f"known device:{cast.bo.email}")[:20]]
    cookie = URLSafeTimedSerializer(OLD, salt="lectern.known-device").dumps(
        {"device": "ab12", "accounts": marks}
    )
    for value, device in ((cookie, "ab12"), (forged(cookie), "")):
        environ = EnvironBuilder(headers={"Cookie": f"lectern_known={value}"}).get_environ()
        with shop.request_context(environ):
            assert known_devices.device_for(cast.bo.email) == device
            assert known_devices.device_for(cast.cy.email) == ""


def test_what_is_only_compared_today_is_made_with_the_present_key(shop: Flask) -> None:
    key = shop.config["SECRET_KEY"].encode()
    today = clock.now()
    seen = f"{today:%Y-%m-%d} 203.0.113.9 browser".encode()
    assert (
        events.visitor_of("203.0.113.9", "browser", today)
        == hashlib.blake2b(seen, digest_size=16, key=key[:64]).hexdigest()
    )
    assert csrf.mark_of("ab") == hmac.new(key, b"person:ab", hashlib.sha256).hexdigest()[:24]


def test_a_key_that_is_no_fallback_counts_no_more(app: Flask, cast: Cast) -> None:
    with app.app_context():
        token = URLSafeSerializer(OLD, salt="lectern.unsubscribe").dumps([cast.bo.id.hex, "refund"])
        with pytest.raises(InvalidToken):
            mail_preferences.opened_by(token)
        assert not signing.verify("words", old("words"))
