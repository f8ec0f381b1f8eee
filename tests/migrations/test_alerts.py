"""What was told of before 0015 and could be ticked off nowhere waits for somebody afterwards."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

EVENT = (
    "INSERT INTO stripe_events (id, type, object_id, payload, received_at, attempts)"
    " VALUES (:id, 'charge.dispute.created', 'dp_1', '{}', '2026-01-02 03:04:05', 1)"
)
NOTE = (
    "INSERT INTO audit_entries (id, at, action, subject_type, subject_id, note)"
    " VALUES (:id, '2026-01-02 03:04:05', 'stripe_notice', 'stripeevent', 'evt_told', 'A dispute.')"
)


def test_what_was_told_waits_for_somebody(filled_at: Callable[..., Any]) -> None:
    place = filled_at("0014")
    key = uuid.uuid4()
    with place.engine.begin() as connection:
        for event in ("evt_told", "evt_other"):
            connection.execute(text(EVENT), {"id": event})
        connection.execute(
            text(NOTE), {"id": str(key) if connection.dialect.name == "postgresql" else key.hex}
        )
    place.upgrade()
    found = place.ask("SELECT id, problem, looked_at FROM stripe_events WHERE object_id = 'dp_1' ORDER BY id")
    assert [tuple(row) for row in found] == [
        ("evt_other", None, None),
        ("evt_told", "A dispute.", None),
    ]
