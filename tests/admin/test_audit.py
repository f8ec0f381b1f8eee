"""The audit log: filtered, paged, exported."""

import csv
import io
from datetime import timedelta

import pytest
from flask import Flask

from domain.base import clock
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import AuditEntry, Order, User, db
from tests.admin.query_counts import Counter, queries  # noqa: F401
from tests.auth.mails import SignIn
from tests.cast import Cast


@pytest.fixture
def entries(app: Flask, cast: Cast) -> None:
    """Some entries of mo, of ada and of the system, over four days."""
    with app.app_context():
        for number, (actor, action, note) in enumerate(
            [
                (cast.mo, "vet", "=1+1"),
                (cast.ada, "publish", "a, b"),
                (None, "expire", "<b>"),
                (cast.mo, "suspend", "x"),
            ]
        ):
            db.session.add(
                AuditEntry(
                    at=clock.now() - timedelta(days=3 - number), actor_id=actor.id if actor else None,
                    action=action, subject_type="user", subject_id=str(cast.cy.id if number else cast.bo.id),
                    note=note,
                )
            )  # fmt: skip
        db.session.commit()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["suspend", "expire", "publish", "vet"]),
        ("actor=mo@example.com", ["suspend", "vet"]),
        ("actor=MO@example.com", ["suspend", "vet"]),
        ("actor=system", ["expire"]),
        ("actor=nobody@example.com", []),
        ("action=vet", ["vet"]),
        ("subject=user/{bo}", ["vet"]),
        ("subject=user", []),
        ("from={today}", ["suspend"]),
        ("to={before}", ["publish", "vet"]),
        ("from=nonsense&to=9999-12-31", ["suspend", "expire", "publish", "vet"]),
    ],
)
def test_entries_are_filtered(
    app: Flask, cast: Cast, signed_in: SignIn, entries: None, query: str, found: list[str]
) -> None:
    today = clock.now().date()
    words = {"bo": cast.bo.id, "today": today, "before": today - timedelta(days=2)}
    mo = signed_in(cast.mo)
    address = query.format(**words)
    rows = list(csv.DictReader(io.StringIO(mo.get(f"/admin/audit.csv?{address}").text)))
    assert [row["action"] for row in rows] == found
    page = mo.get(f"/admin/audit?{address}").text
    assert "<b></td>" not in page
    assert ("Nothing found" in page) == (not found)


def test_people_read_words_and_machines_the_action(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo = signed_in(cast.mo)
    with app.app_context():
        actor = db.session.get_one(User, cast.mo.id)
        audit.record(
            actor, AuditAction.LOOK_AT_ORDER, db.session.get_one(Order, cast.order.id), "All is well."
        )
        audit.record(
            actor, AuditAction.TAKE_BACK_COURSE, db.session.get_one(User, cast.bo.id), "Reading code"
        )
        db.session.commit()
    page = mo.get("/admin/audit?action=look_at_order").text
    assert '<option value="look_at_order" selected>resolved an order alert</option>' in page
    assert '<td class="nowrap">resolved an order alert</td>' in page
    overview, order = mo.get("/admin").text, mo.get(f"/admin/orders/{cast.order.number}").text
    for text in (overview, order):
        assert "resolved an order alert" in text
        assert "look_at" not in text
        assert "look at order" not in text
    assert "removed someone’s access to a course" in mo.get(f"/admin/users/{cast.bo.id}").text
    rows = csv.DictReader(io.StringIO(mo.get("/admin/audit.csv").text))
    assert sorted(row["action"] for row in rows) == ["look_at_order", "take_back_course"]


def test_what_a_spreadsheet_would_run_is_text(cast: Cast, signed_in: SignIn, entries: None) -> None:
    text = signed_in(cast.mo).get("/admin/audit.csv").text
    rows = list(csv.reader(io.StringIO(text)))
    assert "'=1+1" in [row[-1] for row in rows]
    assert "a, b" in [row[-1] for row in rows]


def test_the_export_reads_a_block_at_a_time(
    app: Flask, cast: Cast, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "BLOCK", 7)
    with app.app_context():
        mo = db.session.get_one(User, cast.mo.id)
        for number in range(30):
            audit.record(mo, AuditAction.VET_CREATOR, mo, str(number))
        db.session.commit()
        assert [len(block) for block in audit.blocks(audit.AuditFilter())] == [7, 7, 7, 7, 2]
    rows = list(csv.DictReader(io.StringIO(signed_in(cast.mo).get("/admin/audit.csv").text)))
    assert sorted(int(row["note"]) for row in rows) == list(range(30))


def test_pages_follow_each_other(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr(audit, "PAGE_SIZE", 10)
    moment = clock.now()
    with app.app_context():
        db.session.add_all(
            [
                AuditEntry(at=moment, action="vet", subject_type="user", subject_id="1", note=str(n))
                for n in range(25)
            ]
        )
        db.session.commit()
        seen, after = [], None
        while True:
            page = audit.page(audit.AuditFilter(), after)
            seen += [entry.note for entry, _, _ in page.rows]
            if page.after is None:
                break
            after = page.after
        assert len(seen) == len(set(seen)) == 25
        queries.clear()
        assert audit.actions() == ["vet"]
        assert len(queries) == 1


def test_what_people_change_on_their_own_page_stands_in_their_history(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    assert signed_in(cast.ada).post("/studio/profile", data={"headline": "Teaches maps"}).status_code == 303
    with app.app_context():
        [(entry, name)] = audit.history_of("user", cast.ada.id, 5)
    assert (entry.subject_type, name) == ("user", cast.ada.name)


def test_the_log_names_what_it_is_about_and_leads_there(
    app: Flask, cast: Cast, signed_in: SignIn, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    with app.app_context():
        actor = db.session.get_one(User, cast.mo.id)
        for row in (cast.bo, cast.flask_course, cast.text_lesson, cast.order, cast.web):
            audit.record(actor, AuditAction.CHANGE_SETTING, row)
        for _ in range(20):
            audit.record(actor, AuditAction.CHANGE_SETTING, cast.flask_course)
        gone = AuditEntry(action="expire", subject_type="lesson", subject_id="not-a-key")
        db.session.add_all([gone, AuditEntry(action="vet", subject_type="vanished", subject_id="1")])
        db.session.commit()
    mo = signed_in(cast.mo)
    mo.get("/admin/users")
    queries.clear()
    page = mo.get("/admin/audit").text
    assert len(queries) <= 12
    course = f"/studio/courses/{cast.flask_course.id}"
    for name, address in (
        ("Bo", f"/admin/users/{cast.bo.id}"),
        ("Flask, first steps", course),
        ("Routes", f"{course}/lessons/{cast.text_lesson.id}"),
        ("LN-TEST-0001", "/admin/orders/LN-TEST-0001"),
        ("Web", f"/admin/categories/{cast.web.id}"),
    ):
        assert f'<td><a href="{address}" dir="auto">{name}</a>' in page, name
    assert page.count("<td>Deleted<br>") == 2
