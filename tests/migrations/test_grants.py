"""Grants of before learn their reasons: purchases, what the audit log says was given; others are free."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from tests.migrations.stage import named, scripts

ENTRY = (
    "INSERT INTO audit_entries (id, at, action, subject_type, subject_id, note)"
    " VALUES (:id, '2026-01-02 03:04:05', 'give_course', 'user', :user, :note)"
)
FREE = (
    "SELECT g.id, g.user_id, p.title FROM access_grants g JOIN products p ON p.id = g.course_id"
    " WHERE g.source = 'complimentary' ORDER BY g.id"
)


def plain(key: Any) -> str:
    return str(key).replace("-", "")


def test_each_grant_gets_its_reason_and_loses_it_again(filled_at: Callable[..., Any]) -> None:
    before = scripts().get_revision(named("reasons_of_grants")).down_revision
    place = filled_at("0017", before)
    given, ending, *_ = place.ask(FREE)
    key = uuid.uuid4()
    with place.engine.begin() as connection:
        values = {"id": str(key) if connection.dialect.name == "postgresql" else key.hex}
        user = str(uuid.UUID(plain(given[1])))
        connection.execute(text(ENTRY), {**values, "user": user, "note": f"{given[2]} until 2026-02-01"})
        connection.execute(
            text("UPDATE access_grants SET expires_at = '2026-05-01 00:00:00' WHERE id = :id"),
            {"id": ending[0]},
        )
    rows = place.rows({"access_grants": place.columns()["access_grants"]})
    place.upgrade(named("reasons_of_grants"))
    found = {
        plain(id_): (source, plain(source_id), plain(course), plain(purchase))
        for id_, source, source_id, course, purchase in place.ask(
            "SELECT id, source, source_id, course_id, purchase_id FROM access_grants"
        )
    }
    assert found[plain(given[0])][:2] == ("complimentary", key.hex)
    assert found[plain(ending[0])][:2] == ("complimentary", plain(ending[0]))
    others = [one for id_, one in found.items() if id_ not in (plain(given[0]), plain(ending[0]))]
    assert {source for source, *_ in others} == {"free", "purchase"}
    assert all(
        named_by == (course if source == "free" else bought) for source, named_by, course, bought in others
    )
    place.downgrade(before)
    names = list(rows)
    assert place.rows({"access_grants": place.columns()["access_grants"]}).keys() == set(names)
    assert len(place.ask("SELECT id FROM access_grants")) == len(rows["access_grants"])
    assert set(place.ask("SELECT DISTINCT source FROM access_grants")) == {("complimentary",), ("purchase",)}
