"""The migration that binds authors to what was decided about their reviews, on a database that is filled."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select, text

from domain.community import text_decisions
from models import Course, Review, ReviewStanding, Standing, db
from tests.cast import Cast

BEFORE = "0008"


@pytest.mark.slow
def test_what_is_hidden_stays_hidden_and_binds_its_author(app: Flask, cast: Cast) -> None:
    with app.app_context():
        said = {cast.bo.id: (True, False), cast.cy.id: (True, True), cast.una.id: (False, False)}
        for user_id, (flagged, approved) in said.items():
            db.session.add(
                Review(
                    user_id=user_id, product_id=cast.flask_course.id, rating=1, comment="Harsh.",
                    flagged=flagged, approved=approved,
                )
            )  # fmt: skip
        db.session.commit()
        flask_migrate.downgrade(revision=BEFORE)
        tables = db.session.execute(text("SELECT count(*) FROM reviews WHERE flagged")).scalar_one()
        assert tables == 2
        db.session.rollback()
        flask_migrate.upgrade()
        found = {row.user_id: row for row in db.session.scalars(select(ReviewStanding))}
        assert found.keys() == {cast.bo.id, cast.cy.id}
        assert found[cast.bo.id].standing == Standing.HIDDEN
        approved_one = found[cast.cy.id]
        assert approved_one.standing == Standing.APPROVED
        assert approved_one.words == text_decisions.digest("Harsh.")
        hidden = db.session.scalars(select(Review).where(Review.user_id == cast.bo.id)).one()
        assert (hidden.flagged, hidden.approved) == (True, False)
        course = db.session.get_one(Course, cast.flask_course.id)
        assert (course.draft, course.off_with_creator) == (None, False)
