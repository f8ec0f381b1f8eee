"""The audit log: filtered, paged and exported as CSV."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response as BaseResponse

from blueprints.admin import after, audit_links, bp
from domain.pages import audit_subjects
from domain.people import accounts
from domain.platform import audit
from domain.platform.audit import AuditFilter
from web import hypermedia
from web.csv_downloads import csv_of
from web.forms import one_line
from web.reauthentication import fresh_page

COLUMNS = ("at", "actor", "actor_email", "action", "subject_type", "subject_id", "note")
NAMES = ("actor", "action", "subject", "from", "to")


@bp.get("/audit")
def audit_log() -> BaseResponse:
    """List the entries that match the filters, newest first."""
    question, given = _question(), _given()
    page = audit.page(question, after())
    subjects = audit_subjects.find(entry for entry, _name, _email in page.rows)
    return hypermedia.render(
        "admin/audit.html",
        listing=page,
        about={
            entry.id: audit_links.link(entry, subjects.get((entry.subject_type, entry.subject_id)))
            for entry, _name, _email in page.rows
        },
        question=question,
        given=given,
        actions=audit.actions(),
        more=url_for("admin.audit_log", **given, after=page.after) if page.after else None,
        first=url_for("admin.audit_log", **given) if after() else None,
        export=url_for("admin.export_audit", **given),
    )


@bp.get("/audit.csv")
@fresh_page
def export_audit() -> BaseResponse:
    """Export the filtered entries as CSV."""
    return csv_of("audit", COLUMNS, _rows(_question()))


def _rows(question: AuditFilter) -> Iterator[tuple[str, ...]]:
    for block in audit.blocks(question):
        for entry in block:
            yield entry.at.isoformat(), entry.actor or audit.SYSTEM, entry.actor_email or "", *entry[4:]


def _question() -> AuditFilter:
    given = _given()
    actor = given.get("actor", "")
    return AuditFilter(
        actor=accounts.canonical(actor) if "@" in actor else actor,
        action=given.get("action", ""),
        subject=given.get("subject", ""),
        first_day=_day(given.get("from", "")),
        last_day=_day(given.get("to", "")),
    )


def _given() -> dict[str, Any]:
    """Read the filters of the query string; empty ones are left out."""
    typed = {name: one_line(request.args.get(name, ""))[:300] for name in NAMES}
    return {name: value for name, value in typed.items() if value}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None
