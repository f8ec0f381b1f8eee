"""Setting up a second factor, its recovery codes, and removing it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from domain.base import clock, encryption
from domain.people import second_factor
from models import AuditEntry, RecoveryCode, SecondFactor, User, db
from tests.adversary.test_concurrency import at_once
from tests.auth.mails import SignIn, sent
from tests.cast import Cast
from tests.second_factor.conftest import App

PAGE = "/account/security/second-factor"
SetUp = Callable[[User], App]


def begin(client: FlaskClient) -> str:
    """Press the button and read the key on the page that follows."""
    assert client.post(f"{PAGE}/begin").location == PAGE
    key = re.search(r'class="qr-key">([A-Z2-7 ]+)<', client.get(PAGE).text)
    assert key is not None
    return key[1].replace(" ", "")


def shown_codes(text: str) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code></li>", text)


def test_one_code_turns_it_on_and_ten_recovery_codes_are_shown_once(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    bo = signed_in(cast.bo)
    secret = begin(bo)
    wrong = bo.post(PAGE, data={"code": "12345"})
    assert (wrong.status_code, "That code isn’t right" in wrong.text) == (422, True)
    answer = bo.post(PAGE, data={"code": pyotp.TOTP(secret).now()})
    codes = shown_codes(answer.text)
    assert (answer.status_code, len(set(codes)), answer.cache_control.no_store) == (200, 10, True)
    assert all(re.fullmatch(r"([a-km-z2-9]{4}-){3}[a-km-z2-9]{4}", code) for code in codes)
    assert bo.get(PAGE).location == "/account/security", "neither the key nor the codes are shown again"
    page = bo.get("/account/security").text
    assert "10 unused recovery codes" in page
    assert not any(code in page for code in codes)
    assert len(sent(app, "second_factor_on", "bo@example.com")) == 1


def test_nothing_is_asked_for_before_it_was_confirmed(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    begin(signed_in(cast.bo))
    with app.app_context():
        assert not second_factor.is_on(db.session.get_one(User, cast.bo.id))


def test_a_second_tab_shows_the_same_key_and_an_old_one_runs_out(
    cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    bo = signed_in(cast.bo)
    first = begin(bo)
    assert begin(bo) == first
    still.shift(3700)
    bo = signed_in(cast.bo)
    assert "qr-key" not in bo.get(PAGE).text
    assert begin(bo) != first


def test_what_the_database_keeps_tells_nothing(app: Flask, cast: Cast, set_up: SetUp) -> None:
    bos, mos = set_up(cast.bo), set_up(cast.mo)
    with app.app_context():
        kept = {row.user_id: row.secret for row in db.session.scalars(db.select(SecondFactor))}
        hashes = "".join(db.session.scalars(db.select(RecoveryCode.code_hash)))
        assert bos.secret not in kept[cast.bo.id]
        assert not any(code in hashes or code.replace("-", "") in hashes for code in bos.recovery)
        db.session.execute(db.update(SecondFactor).where(SecondFactor.user_id == cast.mo.id).values(
            secret=kept[cast.bo.id]
        ))  # fmt: skip
        mo = db.session.get_one(User, cast.mo.id)
        assert not second_factor.accept(mo, bos.code()), "a secret copied to another account opens nothing"
        assert second_factor.accept(mo, mos.recovery[0])


def test_a_new_secret_key_reads_what_the_old_one_wrote_while_it_is_a_fallback(
    app: Flask, cast: Cast, set_up: SetUp
) -> None:
    bos, old = set_up(cast.bo), app.config["SECRET_KEY"]
    app.config["SECRET_KEY"] = "a wholly new secret for this test alone"
    with app.app_context():
        bo = db.session.get_one(User, cast.bo.id)
        assert not second_factor.accept(bo, bos.code())
        assert second_factor.accept(bo, bos.recovery[0]), "recovery codes need no key"
        app.config["SECRET_KEY_FALLBACKS"] = [old]
        assert second_factor.accept(bo, bos.code())
        assert encryption.decrypt(encryption.encrypt("x", "y"), "y") == "x"


def test_the_drawing_is_a_qr_code_of_the_address(cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    bo = signed_in(cast.bo)
    secret = begin(bo)
    page = bo.get(PAGE)
    svg = re.search(r"<svg class=\"qr\".*?</svg>", page.text, re.S)
    assert svg is not None
    drawing = ElementTree.fromstring(svg[0])
    side = int(drawing.attrib["viewBox"].split()[2])
    dots = {tuple(map(int, dot)) for dot in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg[0])}
    finder = {(4 + x, 4) for x in range(7)} | {(4, 4 + y) for y in range(7)}
    assert finder <= dots
    assert max(x for x, _ in dots) == side - 5, "a quiet zone of four modules"
    assert "style" not in svg[0]
    address = second_factor.pyotp.parse_uri(f"otpauth://totp/x?secret={secret}")
    assert address.now() == pyotp.TOTP(secret).now()


def test_recovery_codes_can_be_taken_along_as_a_file(
    app: Flask, cast: Cast, signed_in: SignIn, set_up: SetUp
) -> None:
    bos, bo = set_up(cast.bo), signed_in(cast.bo)
    answer = bo.post("/account/security/recovery-codes.txt", data={"codes": " ".join(bos.recovery)})
    assert answer.text.split() == bos.recovery
    assert (answer.mimetype, answer.cache_control.no_store) == ("text/plain", True)
    assert answer.headers["Content-Disposition"] == "attachment; filename=recovery-codes.txt"
    for text in ("", "abcd-efgh", "<script>", " ".join([*bos.recovery[:9], "abcd-efgh-ijkm-nopq"])):
        assert bo.post("/account/security/recovery-codes.txt", data={"codes": text}).status_code == 422


def test_new_recovery_codes_end_the_old_ones(
    app: Flask, cast: Cast, signed_in: SignIn, set_up: SetUp
) -> None:
    bos, bo = set_up(cast.bo), signed_in(cast.bo)
    codes = shown_codes(bo.post("/account/security/recovery-codes").text)
    assert len(codes) == 10
    with app.app_context():
        user = db.session.get_one(User, cast.bo.id)
        assert not second_factor.accept(user, bos.recovery[0])
        assert second_factor.accept(user, codes[0])
    assert len(sent(app, "recovery_codes_renewed", "bo@example.com")) == 1


def test_removing_it_is_told_and_written_down(
    app: Flask, cast: Cast, signed_in: SignIn, set_up: SetUp
) -> None:
    bos, bo = set_up(cast.bo), signed_in(cast.bo)
    assert bo.post(f"{PAGE}/remove").location == "/account/security"
    assert "Set up two-factor authentication" in bo.get("/account/security").text
    assert bos.log_in(app.test_client()).location == "/"
    assert len(sent(app, "second_factor_off", "bo@example.com")) == 1
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(RecoveryCode)) == 0
        actions = db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions[-2:] == ["second_factor_on", "second_factor_off"]
    assert bo.post(f"{PAGE}/remove").location == "/account/security"
    assert "Two-factor authentication isn’t on" in bo.get("/account/security").text


def test_a_second_app_is_not_set_up_over_the_first(cast: Cast, signed_in: SignIn, set_up: SetUp) -> None:
    set_up(cast.bo)
    bo = signed_in(cast.bo)
    assert bo.post(f"{PAGE}/begin").location == "/account/security"
    assert "Two-factor authentication is already on" in bo.get("/account/security").text


def test_two_tabs_at_once_set_up_one_app_and_one_set_of_codes(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    tabs = [signed_in(cast.bo) for _ in range(4)]
    assert {a.location for a in at_once(tabs, lambda tab: tab.post(f"{PAGE}/begin"))} == {PAGE}
    totp = pyotp.TOTP(begin(tabs[0]))
    codes = iter([totp.at(clock.now() + timedelta(seconds=30 * step)) for step in (-1, 0, 1, 0)])
    typed = {tab: next(codes) for tab in tabs}
    answers = at_once(tabs, lambda tab: tab.post(PAGE, data={"code": typed[tab]}))
    assert [len(shown_codes(answer.text)) for answer in answers if answer.status_code == 200] == [10]
    at_once(tabs, lambda tab: tab.post("/account/security/recovery-codes"))
    assert "10 unused recovery codes" in tabs[0].get("/account/security").text


def test_a_confirming_code_is_used_up(app: Flask, cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    bo = signed_in(cast.bo)
    secret = begin(bo)
    code = pyotp.TOTP(secret).at(clock.now())
    bo.post(PAGE, data={"code": code})
    with app.app_context():
        assert not second_factor.accept(db.session.get_one(User, cast.bo.id), code)


def test_guesses_while_setting_up_are_limited(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], login_account_limit=3)
    bo = signed_in(cast.bo)
    begin(bo)
    answers = [bo.post(PAGE, data={"code": "abcdef"}).status_code for _ in range(4)]
    assert answers == [422, 422, 422, 429]
