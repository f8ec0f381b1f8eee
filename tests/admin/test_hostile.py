"""What an adversary with an admin's browser types: it is refused or shown as text, and breaks nothing."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from models import AuditEntry, db
from tests.admin.test_settings import RULES
from tests.adversary.hostile import LONG, SCRIPT, Deal, trouble
from tests.auth.mails import SignIn
from tests.cast import Cast
from tests.house.stage import fill

pytestmark = pytest.mark.slow

QUESTIONS = (
    "/admin/users?q={}", "/admin/users?kind={}", "/admin/users?after={}", "/admin/emails?state={}",
    "/admin/emails?after={}", "/admin/jobs?state={}", "/admin/jobs?after={}", "/admin/webhooks?after={}",
    "/admin/alerts?after={}", "/admin/withdrawals?after={}", "/admin/webhooks?state={}",
    "/admin/orders?state={}",
    "/admin/orders?after={}",
    "/admin/audit?actor={}", "/admin/audit?action={}", "/admin/audit?subject={}", "/admin/audit?from={}",
    "/admin/audit?after={}", "/admin/backups?state={}", "/admin/backups?after={}",
    "/admin/audit.csv?subject={}", "/admin/settings/look?color={}",
)  # fmt: skip


def forms(words: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The desk's forms with fields, filled in as they should be."""
    person = f"/admin/users/{words['person']}"
    yield f"{person}/role", {"role": "learner"}
    yield f"{person}/vetted", {"on": "no"}
    yield f"{person}/suspend", {"reason": "Because."}
    yield f"{person}/courses", {"course": "reading-code", "expires_on": "2100-01-01"}
    yield "/admin/orders/LN-TEST-0001/looked-at", {"note": "Seen."}
    yield "/admin/categories", {"name": "New", "description": "x", "icon": "book", "parent_id": ""}
    yield f"/admin/categories/{words['category']}", {
        "name": "Web", "description": "x", "icon": "code", "parent_id": "",
    }  # fmt: skip
    yield f"/admin/categories/{words['category']}/move", {"to": "up"}
    yield "/admin/settings", {
        "name": "Shop", "hero_title": "Title", "hero_subtitle": "Below", "about": "About",
        "contact_email": "a@example.com", "social": "A https://example.com", "timezone": "UTC",
    }  # fmt: skip
    yield "/admin/settings/look", {"primary_color": "#0f766e"}
    yield "/admin/settings/rules", {"platform_fee_percent": "30"}
    yield "/admin/settings/refunds", RULES
    yield "/admin/settings/featured", {"course": "reading-code"}


def test_hostile_text_in_every_field(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    words = fill(app, cast)
    mo, deal = signed_in(cast.mo), Deal(12)
    found = {
        (address, field, typed[:40]): wrong
        for address, good in forms(words)
        for field in good
        for typed in deal.texts()
        if (wrong := trouble(mo.post(address, data={**good, field: typed})))
    }
    assert found == {}
    pages = (
        "/",
        "/about",
        "/contact",
        "/courses",
        "/admin",
        "/admin/audit",
        "/admin/settings",
        f"/admin/users/{words['person']}",
    )
    assert {page: wrong for page in pages if (wrong := trouble(mo.get(page)))} == {}


def test_hostile_questions(cast: Cast, signed_in: SignIn) -> None:
    """One at a time, which never hides another.

    tests/adversary gives every text to the searches, and to what reads the other names (test_parsers.py).
    """
    mo, deal = signed_in(cast.mo), Deal(6)
    for address in QUESTIONS:
        path, _, name = address.partition("?")
        for typed in deal.texts():
            answer = mo.get(path, query_string={name.removesuffix("={}"): typed})
            assert trouble(answer) is None, (address, typed[:40])
            filters = address.endswith(("?kind={}", "?state={}"))
            assert answer.status_code in ((200, 404) if filters else (200,)), (address, typed[:40])


def test_what_people_call_themselves_is_text_on_the_desk(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        db.session.execute(text("UPDATE users SET name = :name"), {"name": SCRIPT})
        db.session.execute(text("UPDATE orders SET problem = :p"), {"p": SCRIPT})
        db.session.execute(text("UPDATE products SET title = :t"), {"t": SCRIPT})
        db.session.add(
            AuditEntry(actor_id=cast.cy.id, action="vet", subject_type=SCRIPT[:40], subject_id="1", note=LONG)
        )
        db.session.commit()
    mo = signed_in(cast.mo)
    pages = (
        "",
        "/users",
        f"/users/{cast.ada.id}",
        f"/users/{cast.bo.id}",
        "/orders",
        "/orders/LN-TEST-0001",
        "/audit",
    )
    assert {page: wrong for page in pages if (wrong := trouble(mo.get(f"/admin{page}")))} == {}
