"""Stored texts are rendered again when the renderer has changed, by the worker and once."""

import pytest
from flask import Flask
from sqlalchemy import select, update

import jobs
from domain.authoring import rerendering
from domain.base import clock
from models import Job, JobState, Lesson, PlatformSettings, Product, db
from tests.cast import Cast

OLD = "<p>as the renderer before made it</p>"


def test_texts_are_rendered_again_once_for_each_version(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerendering, "BATCH", 1)
    monkeypatch.setattr(rerendering, "VERSION", 7)
    with app.app_context():
        db.session.execute(update(Lesson).values(body="<kbd>x</kbd>", body_html=OLD))
        db.session.execute(update(Product).values(description="<b>y</b>", description_html=OLD))
        db.session.execute(update(PlatformSettings).values(about="*z*", about_html=OLD, rendered_with=6))
        db.session.commit()
        jobs.plan_schedule(clock.now())
        db.session.commit()
        jobs.run_all()
        assert not db.session.scalar(select(Job.id).where(Job.state == JobState.DEAD))
        assert all("<kbd>x</kbd>" in html for html in db.session.scalars(select(Lesson.body_html)))
        assert all("<b>y</b>" in html for html in db.session.scalars(select(Product.description_html)))
        settings = db.session.execute(
            select(PlatformSettings.about_html, PlatformSettings.rendered_with)
        ).one()
        assert "<em>z</em>" in settings.about_html
        assert settings.rendered_with == 7
        db.session.execute(update(Lesson).values(body_html=OLD))
        assert rerendering.begin() is None


def test_a_text_that_is_saved_meanwhile_keeps_what_was_saved(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(update(PlatformSettings).values(rendered_with=rerendering.VERSION - 1))
        db.session.execute(update(Lesson).values(body="before", body_html=OLD))
        db.session.commit()
        batch = rerendering.begin()
        assert batch is not None
        made = rerendering.render(batch)
        saved = update(Lesson).where(Lesson.id == cast.text_lesson.id)
        db.session.execute(saved.values(body="after", body_html="<p>after</p>"))
        rerendering.end(batch, made)
        html = db.session.scalar(select(Lesson.body_html).where(Lesson.id == cast.text_lesson.id))
        assert html == "<p>after</p>"
        others = db.session.scalars(select(Lesson.body_html).where(Lesson.id != cast.text_lesson.id))
        assert all("<p>before</p>" in html for html in others)
