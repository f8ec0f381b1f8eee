"""The shop's settings: one row, read on every page, so each process caches it for a second."""

import time
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select

from domain.base import sql
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import PlatformSettings, TaxMode, User, db, upsert

REMEMBER_SECONDS = 1
LONGEST_NOTED = 300
_ROW = select(PlatformSettings)


@dataclass(frozen=True)
class ShopSettings:
    """A snapshot of the settings; `platform_fee_percent` is a whole percentage."""

    name: str
    primary_color: str
    hero_title: str
    hero_subtitle: str
    contact_email: str
    platform_fee_percent: int
    refund_window_days: int
    payout_day: int
    payout_minimum_cents: int
    payout_vat_bp: int | None
    refund_terms: str
    currency: str
    pause_disputed: bool
    require_review: bool
    admin_second_factor: bool
    admin_idle_minutes: int
    logo: str | None
    about_html: str
    social: list[dict[str, str]]
    timezone: str
    featured: list[str]
    held_words: list[str]
    tax_mode: TaxMode
    tax_rates: dict[str, int]
    prices_include_tax: bool
    tax_seller_rate: bool
    tax_sentence: str
    seller_name: str
    seller_address: str
    seller_country: str
    seller_vat_id: str
    statement_descriptor: str
    ask_terms: bool
    terms_text: str
    terms_version: int
    ask_delivery: bool
    delivery_text: str
    delivery_version: int
    refund_returns_coupon: bool
    creators_refund: bool
    refund_outcomes: dict[str, str]
    refund_used_percent: int
    refund_often: int
    withdrawal_on: bool
    withdrawal_text: str
    withdrawal_ended_text: str


def current() -> ShopSettings:
    """Read the settings from the cache, at most REMEMBER_SECONDS old."""
    cached = current_app.extensions.get("lectern_cache_site")
    if cached is None or cached[0] < time.monotonic():
        cached = (time.monotonic() + REMEMBER_SECONDS, _read())
        current_app.extensions["lectern_cache_site"] = cached
    site: ShopSettings = cached[1]
    return site


def forget() -> None:
    """Clear the cache of this process after a change."""
    current_app.extensions.pop("lectern_cache_site", None)


def lock() -> ShopSettings:
    """Lock the settings until the transaction ends and read them."""
    insert = upsert(PlatformSettings).values(id=1)
    db.session.execute(insert.on_conflict_do_nothing(index_elements=["id"]))
    sql.locked(_ROW).one()
    return _read()


def about() -> str:
    """Read the shop's description in Markdown."""
    text = db.session.scalar(select(PlatformSettings.about))
    return text or ""


def change(admin: User | None, **values: Any) -> list[str]:
    """Set the named settings in this transaction; each change is audited with the old value.

    `admin` None: from the command line. Answers the names of what changed. The caller commits, then calls
    `forget`; other processes see it within REMEMBER_SECONDS.
    """
    lock()
    row = db.session.scalars(_ROW).one()
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        if not name.endswith("_html"):
            note = f"{name}: {_short(getattr(row, name))} → {_short(values[name])}"
            audit.record(admin, AuditAction.CHANGE_SETTING, row, note)
        setattr(row, name, values[name])
    db.session.flush()
    return changed


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_NOTED else f"{text[:LONGEST_NOTED]}…"


def _read() -> ShopSettings:
    names = list(ShopSettings.__dataclass_fields__)
    table = PlatformSettings.__table__
    row = db.session.execute(select(*(table.c[name] for name in names))).mappings().first()
    if row is not None:
        return ShopSettings(**row)
    return ShopSettings(**{name: _default(table.c[name]) for name in names})


def _default(column: Any) -> Any:
    if column.default is None:
        return None
    value = column.default.arg
    return value(None) if callable(value) else value
