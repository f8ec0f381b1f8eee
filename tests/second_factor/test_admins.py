"""What admins owe beyond others: a second factor where the shop asks for it, a proof after an idle time."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from time_machine import Traveller

from domain.platform import settings
from models import AuditEntry, User, db
from tests.auth.mails import SignIn, sent
from tests.cast import PASSWORD, Cast
from tests.second_factor.conftest import App, is_in

SetUp = Callable[[User], App]
SETUP = "/account/security/second-factor"


def change(app: Flask, **values: object) -> None:
    with app.app_context():
        settings.change(None, **values)
        db.session.commit()
        settings.forget()


def cli(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=[*arguments])
    return result.exit_code, result.output


def test_an_admin_without_one_is_led_to_set_it_up_before_any_page(
    app: Flask, cast: Cast, signed_in: SignIn, set_up: SetUp
) -> None:
    mo, ada = signed_in(cast.mo), signed_in(cast.ada)
    assert mo.post("/admin/settings/sign-in", data={
        "admin_second_factor": "y", "admin_idle_minutes": "60",
    }).status_code == 303  # fmt: skip
    for path in ("/admin", "/admin/users", "/admin/audit.csv", "/studio", "/studio/earnings.csv"):
        assert mo.get(path).location == SETUP, path
    assert mo.post(f"/admin/users/{cast.cy.id}/role", data={"role": "admin"}).location == SETUP
    assert mo.post("/admin/settings/sign-in", data={"admin_idle_minutes": "60"}).location == SETUP
    assert "Admins need two-factor authentication here" in mo.get(SETUP).text
    assert mo.get("/learn").status_code == 200
    assert ada.get("/studio").status_code == 200, "others are asked for nothing"
    set_up(cast.mo)
    assert signed_in(cast.mo).get("/admin").status_code == 200
    signed_in(cast.mo).post(f"{SETUP}/remove")
    assert mo.get("/admin").location == SETUP, "and again once it is removed"


def test_the_command_line_is_a_way_back(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    assert cli(app, "require-second-factor", "on") == (
        0,
        "Two-factor authentication is required for admins.\n",
    )
    app.extensions.pop("lectern_cache_site", None)
    mo = signed_in(cast.mo)
    assert mo.get("/admin").location == SETUP
    assert cli(app, "require-second-factor", "off") == (
        0,
        "Two-factor authentication is optional for admins.\n",
    )
    app.extensions.pop("lectern_cache_site", None)
    assert mo.get("/admin").status_code == 200
    assert cli(app, "require-second-factor", "maybe")[0] == 2


def test_an_admin_who_is_locked_out_comes_back_by_the_command_line(
    app: Flask, cast: Cast, set_up: SetUp
) -> None:
    mos = set_up(cast.mo)
    assert cli(app, "reset-second-factor", "Mo@Example.com") == (
        0,
        "mo@example.com can now sign in without a code.\n",
    )
    assert mos.log_in(app.test_client()).location == "/"
    assert [m.data["by_admin"] for m in sent(app, "second_factor_off", "mo@example.com")] == [True]
    with app.app_context():
        entry = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.actor_id) == ("second_factor_off", None)
    for email, sentence in (
        ("mo@example.com", "Two-factor authentication isn’t on."),
        ("xx@example.com", "There is no account with the address xx@example.com."),
        ("nonsense", "That isn’t a complete email address."),
    ):
        assert cli(app, "reset-second-factor", email) == (1, f"Error: {sentence}\n")


def test_an_admin_removes_somebodys_second_factor(
    app: Flask, cast: Cast, signed_in: SignIn, set_up: SetUp
) -> None:
    bos, mo = set_up(cast.bo), signed_in(cast.mo)
    page = f"/admin/users/{cast.bo.id}"
    assert "Turn off two-factor authentication" in mo.get(page).text
    assert mo.post(f"{page}/second-factor/remove").location == page
    assert "Turn off two-factor authentication" not in mo.get(page).text
    assert bos.log_in(app.test_client()).location == "/"
    assert [m.data["by_admin"] for m in sent(app, "second_factor_off", "bo@example.com")] == [True]
    with app.app_context():
        entry = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.actor_id, entry.subject_id) == (
            "second_factor_off", cast.mo.id, str(cast.bo.id),
        )  # fmt: skip


def test_an_idle_admin_shows_again_who_it_is(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    mo = signed_in(cast.mo)
    still.shift(3601)
    assert mo.get("/admin/users?q=bo").location == "/account/prove?next=/admin/users?q%3Dbo"
    assert mo.get("/learn").status_code == 200, "pages of learners ask for nothing"
    assert mo.get("/admin").status_code == 303, "nor does looking at them help"
    mo.post("/courses/reading-code/wish")
    assert mo.get("/admin").status_code == 303, "nor does a form"
    proved = mo.post("/account/prove?next=/admin/users?q%3Dbo", data={"fresh_proof": PASSWORD})
    assert proved.location == "/admin/users?q=bo"
    assert mo.get("/admin").status_code == 200


def test_every_click_counts(cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    mo = signed_in(cast.mo)
    for page in ("/admin", "/courses", "/admin/users", "/studio", "/account"):
        still.shift(3000)
        assert mo.get(page).status_code == 200, page
    still.shift(3000)
    assert mo.get("/admin").status_code == 200


def test_what_a_page_asks_for_by_itself_is_no_click(cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    mo = signed_in(cast.mo)
    for _ in range(4):
        still.shift(1000)
        mo.get("/studio/courses/import", headers={"HX-Request": "true"})
        mo.get("/theme.css")
    assert mo.get("/admin").status_code == 303


def test_what_an_idle_admin_posts_survives(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller
) -> None:
    form = {"name": "Data & more", "description": "Numbers.", "icon": "book", "parent_id": ""}
    mo = signed_in(cast.mo)
    still.shift(3601)
    address = "/admin/categories"
    page = mo.post(address, data=form)
    assert (page.status_code, "Data &amp; more" in page.text) == (403, True)
    done = mo.post(address, data={**form, "fresh_proof": PASSWORD})
    assert done.status_code == 303
    assert "Data &amp; more" in mo.get(address).text


def test_a_file_can_not_be_held_and_that_is_said(cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    mo = signed_in(cast.mo)
    still.shift(3601)
    page = mo.post("/admin/settings/logo", data={"file": (io.BytesIO(b"x"), "a.png")})
    assert "We can’t keep the file you chose" in page.text


@pytest.mark.parametrize("minutes", [5, 600])
def test_the_shop_sets_how_long(
    app: Flask, cast: Cast, signed_in: SignIn, still: Traveller, minutes: int
) -> None:
    change(app, admin_idle_minutes=minutes)
    mo = signed_in(cast.mo)
    still.shift(minutes * 60)
    assert mo.get("/admin").status_code == 200
    still.shift(minutes * 60 + 1)
    assert mo.get("/admin").status_code == 303


@pytest.mark.parametrize("minutes", ["", "4", "1441", "-1", "ten"])
def test_odd_limits_are_refused(cast: Cast, signed_in: SignIn, minutes: str) -> None:
    answer = signed_in(cast.mo).post("/admin/settings/sign-in", data={"admin_idle_minutes": minutes})
    assert answer.status_code == 422


def test_creators_and_learners_have_no_limit(cast: Cast, signed_in: SignIn, still: Traveller) -> None:
    ada, bo = signed_in(cast.ada), signed_in(cast.bo)
    still.shift(30 * 86400)
    assert ada.get("/studio").status_code == 200
    assert is_in(bo)


def test_both_settings_are_written_down(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    form = {"admin_second_factor": "y", "admin_idle_minutes": "30"}
    signed_in(cast.mo).post("/admin/settings/sign-in", data=form)
    with app.app_context():
        notes = db.session.scalars(db.select(AuditEntry.note).where(AuditEntry.action == "change_setting"))
        assert set(notes) == {"admin_second_factor: False → True", "admin_idle_minutes: 60 → 30"}
