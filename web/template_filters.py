"""Jinja filters: money, time, durations, counts and HTML attributes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from datetime import date as datetime_date
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, has_request_context
from flask_login import current_user
from jinja2.utils import urlize
from markupsafe import Markup, escape

from domain.base import clock, languages
from domain.base.counts import plural
from domain.base.money import money, short
from domain.base.percent import rate, whole
from domain.platform import last_days

_AGO = (
    (31_536_000, "year"),
    (2_592_000, "month"),
    (604_800, "week"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
)


def duration(seconds: float | None) -> str:
    """Format a rough duration: 4800 is "1 h 20 min", 50 is "under 1 min", nothing or None is "0 min"."""
    total = round(seconds or 0)
    if total < 60:
        return "under 1 min" if total else "0 min"
    hours, minutes = divmod((total + 30) // 60, 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join(parts + ([f"{minutes} min"] if minutes else []))


def timecode(seconds: float | None) -> str:
    """Format a position in a recording: 245 is "4:05", 3845 is "1:04:05"; missing or negative is "0:00"."""
    minutes, rest = divmod(max(int(seconds or 0), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def length_of(seconds: float | None, kind: str) -> str:
    """Format the length of a lesson of `kind` for a column: a text is "4 min", a film "4:05"."""
    return duration(seconds) if kind == "text" else timecode(seconds)


def date(moment: datetime | None) -> str:
    """Format `moment` (aware) as a <time> element, "21 Nov 2026" with the exact time as title.

    None is a dash.
    """
    return _time_element(moment, lambda local: f"{local.day} {local:%b %Y}")


def exact_time(moment: datetime | None) -> str:
    """Format `moment` (aware) as a <time> element to the second: "21 Nov 2026, 14:05:09 UTC"."""
    return _time_element(moment, lambda local: f"{local.day} {local:%b %Y, %H:%M:%S} {local.tzname()}")


def day_text(moment: datetime) -> str:
    """Format `moment` (aware) as text alone, for names and notes: "21 Nov 2026"."""
    local = moment.astimezone(_zone())
    return f"{local.day} {local:%b %Y}"


def last_day(ends: datetime) -> str:
    """Format the last day, the shop's, of what ends at `ends`: "30 Nov 2026"."""
    return calendar_day(last_days.last_day(ends))


def calendar_day(day: datetime_date) -> str:
    """Format a day of the shop's calendar, which is the same in every time zone: "30 Nov 2026"."""
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), f"{day.day} {day:%b %Y}")


def ago(moment: datetime | None) -> str:
    """Format `moment` (aware) as a <time> element: "3 weeks ago" or "in 2 days"; None is a dash."""
    return _time_element(moment, _distance)


def ticks(top: float) -> list[int]:
    """Choose whole numbers for the axis of a chart up to `top`, highest first: at most six, evenly spaced.

    >>> ticks(17)
    [20, 15, 10, 5, 0]
    """
    size = 1
    while size * 10 <= top:
        size *= 10
    steps = [size * part // 10 for part in (1, 2, 5) if size > 1] + [size, 2 * size, 5 * size]
    step = next(step for step in steps if step * 5 >= top)
    count = max(1, -(-top // step))
    return [int(step * place) for place in range(int(count), -1, -1)]


def attrs(values: Mapping[str, Any]) -> Markup:
    """Format `values` as HTML attributes with a leading space.

    `_` in a name becomes `-`, True is an attribute without a value, None and False are left out. A trailing
    underscore (`class_`, `for_`) is dropped.
    """
    parts = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        parts.append(f" {escape(name)}" if value is True else f' {escape(name)}="{escape(value)}"')
    return Markup("".join(parts))


def attr_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert `values` to keywords of WTForms widgets: `_` in a name becomes `-`, empty ones are dropped."""
    kept = {name: value for name, value in values.items() if value not in (None, "")}
    return {name.rstrip("_").replace("_", "-"): value for name, value in kept.items()}


def less_than(cents: int, before: int) -> int:
    """Compute by how many whole percents `cents` is less than `before`."""
    return whole(before - cents, before)


def readable_on(colour: str) -> str:
    """Choose black or white text for the background `colour` (#rrggbb) by WCAG 2.2 relative luminance."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if luminance < 0.179 else "#111111"


def lang(tag: str | None) -> Markup:
    """Format the language of a text (BCP 47) as HTML attributes with a leading space: lang and dir."""
    return Markup(' lang="{}" dir="{}"').format(tag, languages.direction(tag)) if tag else Markup("")


def linked(text: str) -> Markup:
    """Escape a plain text that somebody wrote, and link the addresses in it, without recommending them."""
    return Markup(urlize(text, rel="nofollow ugc noopener"))  # noqa: S704 - urlize escapes


def web_name(address: str) -> str:
    """Format a URL for display: its host without "www.", and its path."""
    parts = urlsplit(address)
    return ((parts.hostname or "").removeprefix("www.") + parts.path.rstrip("/")) or address


class Macros:
    """Lazy access to the macros of templates/shared/ui.html, as the global `ui` of all templates.

    Importing them in every fragment would execute the file once per card of a grid.
    """

    def __init__(self, app: Flask) -> None:
        self._env = app.jinja_env

    def __getattr__(self, name: str) -> Any:
        macro = getattr(self._env.get_template("shared/ui.html").module, name)
        if not self._env.auto_reload:
            setattr(self, name, macro)
        return macro


def init_app(app: Flask) -> None:
    """Register the filters of this module, and the macros as `ui`."""
    app.jinja_env.globals["ui"] = Macros(app)
    for filter_ in (
        money,
        duration,
        timecode,
        last_day,
        calendar_day,
        length_of,
        less_than,
        plural,
        date,
        exact_time,
        day_text,
        ago,
        attrs,
        attr_names,
        readable_on,
        lang,
        linked,
        web_name,
        rate,
        ticks,
    ):
        app.jinja_env.filters[filter_.__name__] = filter_
    app.jinja_env.filters["money_short"] = short


def _time_element(moment: datetime | None, text: Any) -> str:
    if moment is None:
        return Markup('<span class="muted">–</span>')
    local = moment.astimezone(_zone())
    exact = f"{local.day} {local:%B %Y, %H:%M} {local.tzname()}"
    machine = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(machine, exact, text(local))


def _distance(moment: datetime) -> str:
    seconds = (clock.now() - moment).total_seconds()
    for size, unit in _AGO:
        if abs(seconds) >= size:
            count = int(abs(seconds) // size)
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now" if seconds >= 0 else "in a moment"


def _zone() -> ZoneInfo:
    """Return the reader's time zone: the account's, UTC without one or for an unknown name."""
    name = getattr(current_user, "timezone", None) if has_request_context() else None
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
