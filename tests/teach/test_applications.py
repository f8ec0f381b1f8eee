"""Applying to teach, and what an admin makes of it."""

from dataclasses import replace

import pytest
from flask import Flask

from domain import Refused
from domain.people import creator_applications
from domain.platform import moderation_queue
from models import (
    ApplicationStatus,
    AuditEntry,
    CreatorApplication,
    CreatorProfile,
    ModerationItem,
    ModerationKind,
    Notification,
    Role,
    User,
    Verdict,
    db,
)
from tests.auth.mails import sent
from tests.cast import Cast

WISH = creator_applications.ApplicationInput(
    "Teaches maps", ["Maps", "GIS"], ["https://example.com/maps"], "I would begin with…"
)
BETTER = replace(WISH, sample="A whole lesson: …")


def applied(cast: Cast) -> CreatorApplication:
    """cy has applied; call inside an app context."""
    application = creator_applications.apply(db.session.get_one(User, cast.cy.id), WISH)
    db.session.commit()
    return application


def test_applying_waits_for_an_admin_and_is_mailed_both_ways(app: Flask, cast: Cast) -> None:
    with app.app_context():
        application = applied(cast)
        again = creator_applications.apply(db.session.get_one(User, cast.cy.id), WISH)
        db.session.commit()
        assert again.id == application.id
        assert moderation_queue.waiting(ModerationKind.APPLICATION, application.id) is not None
        assert db.session.scalar(db.select(db.func.count(ModerationItem.id))) == 1
    assert [m.recipient for m in sent(app, "application_received")] == ["cy@example.com"]
    assert [m.recipient for m in sent(app, "application_waiting")] == ["hello@example.com"]


def test_people_who_teach_and_unproved_addresses_are_refused(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for person, words in ((cast.ada, "already"), (cast.mo, "already"), (cast.una, "Confirm")):
            with pytest.raises(Refused, match=words):
                creator_applications.apply(db.session.get_one(User, person.id), WISH)


def test_accepting_makes_a_creator_with_a_page_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        application, mo = applied(cast), db.session.get_one(User, cast.mo.id)
        for _ in range(2):
            creator_applications.accept(application, mo)
            db.session.commit()
        cy = db.session.get_one(User, cast.cy.id)
        profile = db.session.get_one(CreatorProfile, cy.id)
        assert cy.role == Role.CREATOR
        assert not cy.vetted
        assert (profile.slug, profile.headline, profile.expertise) == ("cy", "Teaches maps", ["Maps", "GIS"])
        assert profile.links == ["https://example.com/maps"]
        item = db.session.scalars(db.select(ModerationItem)).one()
        assert (item.verdict, item.closed_by) == (Verdict.APPROVED, mo.id)
        actions = db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions == ["apply_to_teach", "change_role", "accept_application"]
        assert db.session.scalar(db.select(db.func.count(Notification.id))) == 1
    assert len(sent(app, "application_accepted", "cy@example.com")) == 1


def test_declining_says_why_and_lets_them_try_again(app: Flask, cast: Cast) -> None:
    with app.app_context():
        application, mo = applied(cast), db.session.get_one(User, cast.mo.id)
        with pytest.raises(Refused, match="Say why"):
            creator_applications.decline(application, mo, "  ")
        for _ in range(2):
            creator_applications.decline(application, mo, "Show us a lesson first.")
            db.session.commit()
        assert application.status == ApplicationStatus.DECLINED
        with pytest.raises(Refused, match="declined already"):
            creator_applications.accept(application, mo)
        cy = db.session.get_one(User, cast.cy.id)
        assert cy.role == Role.LEARNER
        with pytest.raises(Refused, match="the same application as before"):
            creator_applications.apply(cy, WISH)
        assert creator_applications.apply(cy, BETTER).id != application.id
        db.session.commit()
    (letter,) = sent(app, "application_declined")
    assert letter.data["reason"] == "Show us a lesson first."


def test_nobody_applies_again_and_again(app: Flask, cast: Cast) -> None:
    with app.app_context():
        cy, mo = (db.session.get_one(User, person.id) for person in (cast.cy, cast.mo))
        for n in range(creator_applications.MOST_A_MONTH):
            creator_applications.decline(
                creator_applications.apply(cy, replace(WISH, sample=f"Lesson {n}")), mo, "No."
            )
        with pytest.raises(Refused, match="3 times this month"):
            creator_applications.apply(cy, BETTER)
        for row in db.session.scalars(db.select(CreatorApplication)):
            row.created_at -= creator_applications.MONTH
        db.session.flush()
        assert creator_applications.apply(cy, BETTER).sample == BETTER.sample
