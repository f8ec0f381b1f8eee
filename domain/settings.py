"""The shop's own settings: one row, read on every page, so each process remembers it for a moment."""

import time
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select

from models import PlatformSettings, db

REMEMBER_SECONDS = 1


@dataclass(frozen=True)
class Site:
    """What every page says about the shop; `platform_fee_percent` is a whole percentage."""

    name: str
    primary_color: str
    hero_title: str
    hero_subtitle: str
    contact_email: str
    platform_fee_percent: int
    refund_window_days: int
    require_review: bool
    logo: str | None
    about_html: str
    social: list[dict[str, str]]
    timezone: str


def current() -> Site:
    """The settings as of at most REMEMBER_SECONDS ago."""
    cached = current_app.extensions.get("lectern_cache_site")
    if cached is None or cached[0] < time.monotonic():
        cached = (time.monotonic() + REMEMBER_SECONDS, _read())
        current_app.extensions["lectern_cache_site"] = cached
    site: Site = cached[1]
    return site


def forget() -> None:
    """Make the next `current()` read the row again; called by what changes it."""
    current_app.extensions.pop("lectern_cache_site", None)


def _read() -> Site:
    names = list(Site.__dataclass_fields__)
    table = PlatformSettings.__table__
    row = db.session.execute(select(*(table.c[name] for name in names))).mappings().first()
    if row is not None:
        return Site(**row)
    return Site(**{name: _default(table.c[name]) for name in names})


def _default(column: Any) -> Any:
    if column.default is None:
        return None
    value = column.default.arg
    return value(None) if callable(value) else value
