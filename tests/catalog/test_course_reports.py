"""Reporting a course: once for each person, seen by admins, and the course goes on meanwhile."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from domain import Refused
from domain.base import clock
from domain.community import course_reports
from domain.platform import moderation_queue
from models import Course, ModerationKind, Report, ReportOutcome, ReportReason, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
PAGE = "/courses/flask-first-steps"
REPORT = f"{PAGE}/report"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
FORM = {"reason": "off_topic", "note": "Nothing about Flask."}


def reports(app: Flask) -> list[Report]:
    with app.app_context():
        return list(db.session.scalars(select(Report)))


def test_a_report_waits_for_an_admin(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    assert f'href="{REPORT}"' in cy.get(PAGE).text
    assert "What is wrong with it?" in cy.get(REPORT).text
    assert cy.post(REPORT, data=FORM).location == PAGE
    row = reports(app)[0]
    assert (row.product_id, row.user_id, row.reason, row.note) == (
        cast.flask_course.id, cast.cy.id, ReportReason.OFF_TOPIC, "Nothing about Flask.",
    )  # fmt: skip
    with app.app_context():
        item = moderation_queue.waiting(ModerationKind.REPORT, cast.flask_course.id)
        assert item is not None
        assert (item.title, item.creator_id) == ("Flask, first steps", cast.ada.id)
    page = cy.get(PAGE)
    assert page.status_code == 200
    assert "Thanks." in page.text


def test_once_for_each_person_and_one_item_for_all(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    cy.post(REPORT, data=FORM)
    again = cy.post(REPORT, data=FORM)
    assert again.status_code == 422
    assert "You’ve reported this course." in again.text
    assert "Nothing about Flask." in again.text
    signed_in(cast.bo).post(REPORT, data=FORM)
    assert len(reports(app)) == 2
    with app.app_context():
        assert moderation_queue.waiting(ModerationKind.REPORT, cast.flask_course.id) is not None


def test_who_has_reported_it_reads_so_instead_of_the_form(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy, bo = signed_in(cast.cy), signed_in(cast.bo)
    cy.post(REPORT, data=FORM)
    waits = "You’ve reported this course. We’ll look into it soon."
    page = cy.get(PAGE).text
    assert waits in page
    assert f'href="{REPORT}"' not in page
    for headers in ({}, HTMX):
        form = cy.get(REPORT, headers=headers)
        assert (form.status_code, waits in form.text) == (200, True)
        assert "What is wrong with it?" not in form.text
    assert f'href="{REPORT}"' in bo.get(PAGE).text
    assert "What is wrong with it?" in bo.get(REPORT).text
    with app.app_context():
        db.session.execute(update(Report).values(outcome=ReportOutcome.DISMISSED, closed_at=clock.now()))
        db.session.commit()
    assert "You’ve reported this course. We’ve looked into it." in cy.get(PAGE).text


def test_the_form_comes_in_place_and_leaves_when_it_is_sent(cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    form = cy.get(REPORT, headers=HTMX).text
    assert form.lstrip().startswith('<div class="card is-padded" id="report-course">')
    assert cy.post(REPORT, data={"reason": "spoiler"}, headers=HTMX).status_code == 422
    sent = cy.post(REPORT, data=FORM, headers=HTMX)
    assert (sent.status_code, sent.headers["HX-Redirect"]) == (204, PAGE)


def test_who_can_not_report(app: Flask, cast: Cast, client: FlaskClient, signed_in: Browser) -> None:
    assert REPORT not in client.get(PAGE).text
    assert client.get(REPORT).location.startswith("/login?next=")
    ada = signed_in(cast.ada)
    assert REPORT not in ada.get(PAGE).text
    assert ada.post(REPORT, data=FORM).status_code == 403
    unproved = signed_in(cast.una).post(REPORT, data=FORM)
    assert unproved.status_code == 422
    assert "Confirm your email address first" in unproved.text
    assert signed_in(cast.cy).post("/courses/secret-draft/report", data=FORM).status_code == 404
    assert reports(app) == []


def test_the_rule_holds_without_the_form(app: Flask, cast: Cast) -> None:
    with app.app_context():
        cy, course = db.session.get_one(User, cast.cy.id), db.session.get_one(Course, cast.flask_course.id)
        course_reports.report(cy, course, ReportReason.SPAM)
        item = moderation_queue.waiting(ModerationKind.REPORT, course.id)
        assert item is not None
        assert item.creator_id == cast.ada.id


def test_creators_do_not_report_their_own_course(app: Flask, cast: Cast) -> None:
    with app.app_context():
        ada, course = db.session.get_one(User, cast.ada.id), db.session.get_one(Course, cast.flask_course.id)
        with pytest.raises(Refused, match="own course"):
            course_reports.report(ada, course, ReportReason.SPAM)
