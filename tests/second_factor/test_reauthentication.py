"""What a stolen session must not do asks again who it is, and holds what was posted."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller
from werkzeug.test import TestResponse

from domain.people import creator_applications
from models import ModerationItem, OAuthAccount, Role, User, UserSession, db
from tests.auth.mails import SignIn
from tests.auth.provider import Provider
from tests.auth.test_oauth import come_in
from tests.cast import PASSWORD, Cast
from tests.house.stage import fill
from tests.second_factor.conftest import App

SetUp = Callable[[User], App]
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/admin"}
STALE = 15 * 60 + 1

# Forms that ask for a fresh proof, with the person who may send them
FORMS = (
    ("mo", "/admin/users/{person}/role"),
    ("mo", "/admin/users/{person}/vetted"),
    ("mo", "/admin/users/{person}/everything"),
    ("mo", "/admin/users/{person}/suspend"),
    ("mo", "/admin/users/{person}/restore"),
    ("mo", "/admin/users/{person}/courses"),
    ("mo", "/admin/users/{person}/courses/{nobody}/take-back"),
    ("mo", "/admin/users/{person}/second-factor/remove"),
    ("mo", "/admin/orders/LN-TEST-0001/looked-at"),
    ("mo", "/admin/orders/LN-TEST-0001/refund"),
    ("mo", "/admin/disputes/{dispute}/send"),
    ("mo", "/admin/webhooks/{event}/looked-at"),
    ("mo", "/admin/moderation/{course_item}/vet"),
    ("mo", "/admin/categories/{category}/delete"),
    ("mo", "/admin/settings/rules"),
    ("mo", "/admin/settings/refunds"),
    ("mo", "/admin/settings/sign-in"),
    ("mo", "/admin/settings/checkout"),
    ("mo", "/admin/settings/currency"),
    ("mo", "/admin/settings/seller"),
    ("mo", "/admin/settings/tax"),
    ("mo", "/admin/tax/one-stop-shop"),
    ("mo", "/admin/books/{finding}/fetch"),
    ("mo", "/admin/books/{finding}/explain"),
    ("mo", "/admin/books/{finding}/counter"),
    ("mo", "/admin/settings/payouts"),
    ("mo", "/admin/payouts/run"),
    ("mo", "/admin/payouts/adjust"),
    ("mo", "/admin/payouts/{payout}/retry"),
    ("mo", "/admin/payouts/{payout}/reverse"),
    ("ada", "/studio/payouts/particulars"),
    ("ada", "/studio/bundles/{bundle}/delete"),
    ("ada", "/studio/sales/LN-TEST-0001/refund"),
    ("ada", "/studio/courses/{course}/delete"),
    ("ada", "/studio/courses/{course}/export"),
    ("ada", "/studio/payouts/account/connect"),
    ("ada", "/studio/payouts/account/dashboard"),
    ("ada", "/studio/payouts/account/disconnect"),
    ("bo", "/account/email"),
    ("bo", "/account/security/identities/{bos_identity}/remove"),
    ("bo", "/account/security/link/github"),
    ("bo", "/account/security/second-factor/begin"),
    ("bo", "/account/security/second-factor"),
    ("bo", "/account/security/second-factor/remove"),
    ("bo", "/account/security/recovery-codes"),
    ("bo", "/account/security/recovery-codes.txt"),
)
FILES = (
    ("mo", "/admin/audit.csv?action=vet"),
    ("mo", "/admin/analytics/products.csv"),
    ("mo", "/admin/documents.zip?from=2020-01-01&to=2199-01-01"),
    ("mo", "/admin/tax.csv"),
    ("mo", "/admin/books.csv?year=2026"),
    ("mo", "/admin/books/journal.csv?month=2026-11"),
    ("mo", "/admin/tax/one-stop-shop.csv"),
    ("ada", "/studio/bundles.csv"),
    ("ada", "/studio/students.csv"),
    ("ada", "/studio/earnings.csv"),
    ("ada", "/studio/payouts/{payout}/statement.csv"),
    ("ada", "/studio/payouts/years/2026.csv"),
    ("mo", "/admin/payouts/{payout}/statement.csv"),
    ("ada", "/studio/courses/{course}/analytics/days.csv"),
    ("ada", "/studio/bundles/{bundle}/analytics/sales.csv"),
    ("ada", "/studio/courses/{course}/export.zip"),
    ("ada", "/studio/courses/{course}/exports/{nobody}.zip"),
    ("bo", "/account/security/second-factor"),
)


def held(answer: TestResponse) -> dict[str, str]:
    """The fields that a page keeps hidden for later."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text)
    return {name: unescape(value) for name, value in found if name != "csrf_token"}


def action(answer: TestResponse) -> str:
    found = re.search(r'<form method="post" action="([^"]+)">(?:(?!</form>).)*fresh_proof', answer.text, re.S)
    assert found is not None
    return unescape(found[1])


def role(app: Flask, user: User) -> Role:
    with app.app_context():
        return db.session.get_one(User, user.id).role


@pytest.mark.parametrize(("person", "address"), FORMS)
def test_forms_of_weight_ask_when_the_proof_is_old(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller, person: str, address: str
) -> None:
    words = fill(app, cast)
    browser = signed_in(getattr(cast, person))
    still.shift(STALE)
    answer = browser.post(address.format(**words), data={"typed": "kept"})
    assert (answer.status_code, "Confirm it’s you" in answer.text) == (403, True)
    assert (held(answer), action(answer)) == ({"typed": "kept"}, address.format(**words))


@pytest.mark.parametrize(("person", "address"), FILES)
def test_files_of_weight_ask_when_the_proof_is_old(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller, person: str, address: str
) -> None:
    words = fill(app, cast)
    browser, address = signed_in(getattr(cast, person)), address.format(**words)
    wanted = browser.get(address).status_code
    still.shift(STALE)
    page = browser.get(address)
    assert page.location.startswith("/account/prove?next=")
    assert browser.post(page.location, data={"fresh_proof": PASSWORD}).location == address
    assert browser.get(address).status_code == wanted


def test_every_guarded_route_is_in_these_tables(app: Flask, cast: Cast) -> None:
    words, adapter = fill(app, cast), app.url_map.bind("localhost")
    guarded = {name for name, view in app.view_functions.items() if getattr(view, "asks_for_proof", False)}
    tried = {
        adapter.match(address.format(**words).partition("?")[0], method)[0]
        for method, table in (("POST", FORMS), ("GET", FILES))
        for _, address in table
    }
    assert guarded == tried


def test_a_proof_lasts_fifteen_minutes(app: Flask, cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    mo, form = signed_in(cast.mo), {"role": "creator"}
    still.shift(15 * 60 - 1)
    assert mo.post(f"/admin/users/{cast.cy.id}/role", data=form).status_code == 303
    still.shift(2)
    assert mo.post(f"/admin/users/{cast.cy.id}/role", data=form).status_code == 403


def test_what_was_posted_is_done_after_the_proof_and_not_before(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    mo, address = signed_in(cast.mo), f"/admin/users/{cast.cy.id}/role"
    still.shift(STALE)
    page = mo.post(address, data={"role": "creator"})
    assert role(app, cast.cy) == Role.LEARNER
    wrong = mo.post(action(page), data={**held(page), "fresh_proof": "wrong"})
    assert (wrong.status_code, held(wrong)) == (422, {"role": "creator"})
    assert "That isn’t your current password." in wrong.text
    assert role(app, cast.cy) == Role.LEARNER
    done = mo.post(action(page), data={**held(page), "fresh_proof": PASSWORD})
    assert (done.status_code, role(app, cast.cy)) == (303, Role.CREATOR)
    assert mo.post(address, data={"role": "learner"}).status_code == 303, "and for fifteen minutes from now"


def test_every_value_of_a_field_is_held_as_typed(cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    mo = signed_in(cast.mo)
    still.shift(STALE)
    text = 'a "quoted" <b>line</b>\nand & another\n'
    page = mo.post("/admin/orders/LN-TEST-0001/looked-at?a=1&b=2", data={"note": text, "many": ["1", "2"]})
    assert held(page)["note"] == text
    assert re.findall(r'name="many" value="(.)"', page.text) == ["1", "2"]
    assert action(page) == "/admin/orders/LN-TEST-0001/looked-at?a=1&b=2"
    assert page.cache_control.no_store


def test_a_proof_of_another_device_is_none(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    thief = signed_in(cast.mo)
    still.shift(STALE)
    signed_in(cast.mo)
    assert thief.post("/admin/settings/rules", data={}).status_code == 403


def test_devices_from_before_there_were_proofs_have_none(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    with app.app_context():
        db.session.execute(db.update(UserSession).values(proved_at=None))
        db.session.commit()
    assert bo.post("/account/email", data={}).status_code == 403


def test_who_has_a_second_factor_shows_a_code(
    app: Flask, cast: Cast, signed_in: SignIn, set_up: SetUp, still: Traveller
) -> None:
    mos, mo, address = set_up(cast.mo), signed_in(cast.mo), f"/admin/users/{cast.cy.id}/role"
    still.shift(STALE)
    page = mo.post(address, data={"role": "creator"})
    assert "Code from your app" in page.text
    form = held(page)
    assert mo.post(address, data={**form, "fresh_proof": PASSWORD}).status_code == 422, "not the password"
    code = mos.code()
    assert mo.post(address, data={**form, "fresh_proof": code}).status_code == 303
    still.shift(STALE)
    assert mo.post(address, data={**form, "fresh_proof": code}).status_code == 422, "used up"
    assert mo.post(address, data={**form, "fresh_proof": mos.recovery[0]}).status_code == 303


def test_a_stolen_session_can_not_remove_the_second_factor(
    cast: Cast, signed_in: SignIn, set_up: SetUp, still: Traveller
) -> None:
    set_up(cast.bo)
    thief = signed_in(cast.bo)
    still.shift(STALE)
    remove = "/account/security/second-factor/remove"
    for proof in ({}, {"fresh_proof": ""}, {"fresh_proof": PASSWORD}, {"fresh_proof": "000"}):
        assert thief.post(remove, data=proof).status_code in (403, 422)
    assert "unused recovery codes" in thief.get("/account/security").text


@pytest.mark.parametrize("factor", [False, True])
def test_guesses_are_limited_and_what_was_posted_survives(
    app: Flask, cast: Cast, signed_in: SignIn, set_up: SetUp, still: Traveller, factor: bool
) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], login_account_limit=3)
    if factor:
        set_up(cast.mo)
    mo = signed_in(cast.mo)
    still.shift(STALE)
    form = {"role": "creator", "fresh_proof": "000"}
    answers = [mo.post(f"/admin/users/{cast.cy.id}/role", data=form) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert "Wait 15 minutes" in answers[-1].text
    assert held(answers[-1]) == {"role": "creator"}


def test_a_swap_shows_the_question_in_place_of_the_whole_page(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    ada, address = signed_in(cast.ada), f"/studio/courses/{cast.flask_course.id}/export"
    still.shift(STALE)
    answer = ada.post(address, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == (
        200, "body", "innerHTML",
    )  # fmt: skip
    assert "<!doctype html>" in answer.text
    looked = ada.get("/studio/students.csv", headers=HTMX)
    assert (looked.status_code, looked.headers["HX-Redirect"]) == (
        204, "/account/prove?next=/studio/students.csv",
    )  # fmt: skip


def test_the_way_on_never_leads_to_another_site(cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    answer = bo.post("/account/prove?next=//evil.example", data={"fresh_proof": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/")


def test_a_form_without_its_token_proves_nothing(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    mo = signed_in(cast.mo)
    still.shift(STALE)
    app.config["WTF_CSRF_ENABLED"] = True
    form = {"role": "creator", "fresh_proof": PASSWORD}
    assert mo.post(f"/admin/users/{cast.cy.id}/role", data=form).status_code == 400
    assert role(app, cast.cy) == Role.LEARNER


def test_who_has_no_password_signs_in_again_in_a_new_tab(
    app: Flask, client: FlaskClient, cast: Cast, provider: Provider, still: Traveller
) -> None:
    come_in(client, "github")
    still.shift(STALE)
    begin = "/account/security/second-factor/begin"
    page = client.post(begin, data={"typed": "kept"})
    assert "Sign in again with GitHub" in page.text
    form = held(page)
    assert client.post(begin, data=form).status_code == 422, "not yet"
    assert come_in(client, "github", "?prove=1").location == "/account/prove/done"
    assert "Go back to the other one" in client.get("/account/prove/done").text
    assert client.post(begin, data=form).location == "/account/security/second-factor"


def test_the_providers_word_for_somebody_else_proves_nothing(
    app: Flask, client: FlaskClient, cast: Cast, provider: Provider, still: Traveller
) -> None:
    come_in(client, "github")
    still.shift(STALE)
    provider.person |= {"id": 666, "email": "cy@example.com"}
    provider.addresses[0]["email"] = "cy@example.com"
    assert come_in(client, "github", "?prove=1").status_code == 403
    assert "You didn’t sign in again" in client.get("/account/prove/done").text
    assert "zoe@example.com" in client.get("/account/email").text, "and signs nobody else in"
    with app.app_context():
        assert db.session.scalars(db.select(OAuthAccount.subject)).all() == ["4711"]


def test_the_provider_does_not_stand_in_for_a_code(
    app: Flask, client: FlaskClient, cast: Cast, provider: Provider, set_up: SetUp, still: Traveller
) -> None:
    come_in(client, "github")
    with app.app_context():
        zoe = db.session.scalars(db.select(User).where(User.email == "zoe@example.com")).one()
        db.session.expunge(zoe)
    set_up(zoe)
    still.shift(STALE)
    assert come_in(client, "github", "?prove=1").status_code == 403
    assert client.post("/account/security/second-factor/remove").status_code == 403


def test_what_is_no_proof_by_its_length_costs_nothing(
    cast: Cast, signed_in: SignIn, set_up: SetUp, still: Traveller
) -> None:
    """To compose a hundred thousand marks on one letter takes minutes."""
    proof = "e" + "\u0301\u0316" * 50_000
    set_up(cast.mo)
    started = time.process_time()
    for person in (cast.bo, cast.mo):
        answer = signed_in(person).post("/account/prove", data={"fresh_proof": proof})
        assert (answer.status_code, "That’s too long." in answer.text) == (422, True)
    assert time.process_time() - started < 5


def test_making_somebody_a_creator_asks_wherever_it_is_done(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    with app.app_context():
        wish = creator_applications.ApplicationInput("Teaches maps", ["Maps"], [], "I would begin with…")
        creator_applications.apply(db.session.get_one(User, cast.cy.id), wish)
        db.session.commit()
        item = db.session.scalars(db.select(ModerationItem.id)).one()
    mo, address = signed_in(cast.mo), f"/admin/moderation/{item}/decide"
    still.shift(STALE)
    form = {"verdict": "approved", "notes": "Welcome"}
    page = mo.post(address, data=form)
    assert (page.status_code, held(page), action(page)) == (403, form, address)
    with app.app_context():
        assert db.session.get_one(ModerationItem, item).decision is None
    assert mo.post(address, data={**form, "fresh_proof": PASSWORD}).status_code == 303
    with app.app_context():
        assert db.session.get_one(ModerationItem, item).decision is not None
