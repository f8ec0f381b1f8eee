"""Email that waited before there were purposes keeps the rule by which it was sent, and is classified."""

import json
import uuid
from typing import Any

from sqlalchemy import text

MESSAGE = (
    "INSERT INTO email_messages (id, recipient, template, subject, data, scheduled_for, status, message_id,"
    " attempts, created_at, updated_at) VALUES (:id, 'x@example.com', :template, 'S', :data,"
    " '2026-01-02 03:04:05', :status, :message_id, 0, '2026-01-02', '2026-01-02')"
)
ROWS = [
    ("receipt", {"number": "1"}, "pending"),
    ("notification", {"kind": "refund"}, "pending"),
    ("notification", {"kind": "review_reply"}, "failed"),
    ("notification", {"kind": "refund"}, "sent"),
    ("notification", {"kind": "wished_sale"}, "pending"),
    ("notification", {"kind": "wished_sale"}, "sent"),
]


def test_waiting_notifications_get_their_condition(empty: Any) -> None:
    empty.upgrade("0024")
    with empty.engine.begin() as connection:
        for number, (template, data, status) in enumerate(ROWS):
            key = uuid.uuid4()
            values = {
                "id": str(key) if connection.dialect.name == "postgresql" else key.hex,
                "template": template, "data": json.dumps(data), "status": status, "message_id": f"<{number}>",
            }  # fmt: skip
            connection.execute(text(MESSAGE), values)
    empty.upgrade("0026")
    query = "SELECT purpose, key, condition, condition_data FROM email_messages ORDER BY message_id"
    rows = [(*row[:3], json.loads(row[3]) if isinstance(row[3], str) else row[3]) for row in empty.ask(query)]
    wanted = "notification_is_wanted"
    assert rows == [
        ("transactional", None, None, None),
        ("transactional", None, wanted, {"kind": "refund"}),
        ("transactional", None, wanted, {"kind": "review_reply"}),
        ("transactional", None, None, None),
        ("marketing", None, None, None),
        ("marketing", None, None, None),
    ]
