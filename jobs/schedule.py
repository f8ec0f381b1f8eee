"""The schedule of periodic jobs.

Each entry computes its current slot: the idempotency key, which keeps two workers from enqueueing it twice,
and the earliest time at which it may run (None: at once).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from flask import current_app

from models import db

Slot = tuple[str, datetime | None]


@dataclass(frozen=True)
class Every:
    """A job every `minutes`, counted from midnight UTC; a missed slot is skipped."""

    kind: str
    minutes: int

    def slot(self, moment: datetime) -> Slot:
        """Compute the slot that `moment` lies in; it may run at once."""
        return f"{self.kind}:{self.minutes}:{int(moment.timestamp() // 60) // self.minutes}", None


@dataclass(frozen=True)
class Daily:
    """A job every day `at` an hour, "02:00", in UTC.

    It is enqueued a day ahead and waits in the table, so a worker that was down at that hour runs it once
    when it is back, and a new shop begins with the next day's.
    """

    kind: str
    at: str

    def slot(self, moment: datetime) -> Slot:
        """Compute the first slot after `moment`."""
        due = datetime.combine(moment.date(), time.fromisoformat(self.at), UTC)
        return _ahead(self.kind, due if due > moment else due + timedelta(days=1))


@dataclass(frozen=True)
class Monthly:
    """A job on a `day` of every month, 1 to 28, `at` an hour; enqueued ahead, like Daily."""

    kind: str
    day: int
    at: str

    def slot(self, moment: datetime) -> Slot:
        """Compute the first slot after `moment`."""
        due = datetime.combine(moment.date().replace(day=self.day), time.fromisoformat(self.at), UTC)
        next_month = (due.replace(day=1) + timedelta(days=31)).replace(day=self.day)
        return _ahead(self.kind, due if due > moment else next_month)


SCHEDULE: list[Every | Daily | Monthly] = [
    Every("clean_up", minutes=60),
    Every("forget_address_marks", minutes=60),
    Every("fold_names", minutes=10),
    Every("clean_up_carts", minutes=60),
    Every("remind_of_carts", minutes=60),
    Every("count_events", minutes=60),
    Every("reindex_outdated", minutes=60),
    Every("sweep_uploads", minutes=60),
    Every("render_texts", minutes=60),
    Every("sweep_payments", minutes=5),
    Every("list_stripe_events", minutes=10),
    Every("sweep_disputes", minutes=60),
    Every("release_coupons", minutes=30),
    Every("mail_gifts", minutes=5),
    Every("expire_courses", minutes=5),
    Daily("look_at_accounts", at="02:20"),
    Every("warn_of_expiry", minutes=60),
    Every("settle_bundles", minutes=15),
    Every("list_backups", minutes=60),
    Daily("make_backup", at="02:00"),
    Daily("check_books", at="03:00"),
    Daily("ask_vat_ids_again", at="03:30"),
    Daily("begin_payouts", at="05:00"),
    Every("sweep_payouts", minutes=60),
    Monthly("prove_backup", day=1, at="04:00"),
]


def current() -> list[Every | Daily | Monthly]:
    """Return the schedule of this shop: SCHEDULE, and the snapshots of an SQLite database if configured."""
    minutes = current_app.config["SETTINGS"].backup_snapshot_minutes
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    return [*SCHEDULE, Every("snapshot_database", minutes)] if minutes and on_sqlite else SCHEDULE


def is_slot(key: str | None) -> bool:
    """Tell whether `key` belongs to a scheduled job that was enqueued ahead."""
    return key is not None and key.startswith(tuple(f"{entry.kind}:" for entry in SCHEDULE))


def _ahead(kind: str, due: datetime) -> Slot:
    return f"{kind}:{due:%Y-%m-%dT%H:%M}", due
