"""Jobs that waited before there were lanes go into the one of their kind."""

import uuid
from typing import Any

from sqlalchemy import text

import jobs
from models import Lane

JOB = (
    "INSERT INTO jobs (id, kind, payload, state, attempts, run_after, created_at, updated_at)"
    " VALUES (:id, :kind, '{}', 'queued', 0, '2026-01-02 03:04:05', '2026-01-02', '2026-01-02')"
)


def test_waiting_jobs_get_the_lane_of_their_kind(empty: Any) -> None:
    empty.upgrade("0017")
    with empty.engine.begin() as connection:
        for kind in jobs.KINDS:
            key = uuid.uuid4()
            id_ = str(key) if connection.dialect.name == "postgresql" else key.hex
            connection.execute(text(JOB), {"id": id_, "kind": kind})
    empty.upgrade("0018")
    rows = empty.ask("SELECT kind, lane FROM jobs")
    slow = {kind for kind, lane in rows if lane == Lane.SLOW}
    assert slow == {kind for kind in slow if jobs.KINDS[kind].lane == Lane.SLOW}
    assert {kind for kind, lane in rows if lane == Lane.QUICK} | slow == set(jobs.KINDS)
    assert "process_media" in slow
