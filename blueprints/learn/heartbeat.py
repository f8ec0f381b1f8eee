"""Route of the player's heartbeat, the most frequent request of the site."""

from flask import jsonify, session
from flask_login import current_user
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from blueprints.learn import bp
from blueprints.learn.forms import HeartbeatForm
from domain.learning import playback, prerequisites
from domain.learning.playback import HeartbeatResult, Watcher
from domain.learning.watched_ranges import Heartbeat
from domain.platform import events
from domain.platform.event_registry import EventName
from models import db
from web import visitor

NOTHING_TO_SAY = 204


@bp.post("/learn/<course_slug>/<lesson_slug>/heartbeat")
def heartbeat(course_slug: str, lesson_slug: str) -> Response:
    """Record the watched range. Answers 204, or JSON if that completed the lesson; 403 without access.

    One query finds person and lesson, by the session token in the cookie: no ORM on this path.
    """
    form = HeartbeatForm.of_request()
    if not form.validate():
        return Response(status=422)
    token = session.get("_user_id") or _remembered()
    if not isinstance(token, str):
        raise Forbidden
    who, outcome = playback.beat(token, course_slug, lesson_slug, _heartbeat(form))
    if outcome.course_completed:
        prerequisites.course_completed(who.user_id, who.course_id)
        db.session.commit()
    if who.is_learner:
        _record_event(who, outcome)
    if not outcome.lesson_completed:
        return Response(status=NOTHING_TO_SAY)
    return jsonify(lesson_completed=True, course_completed=outcome.course_completed)


def _record_event(who: Watcher, outcome: HeartbeatResult) -> None:
    """Record analytics events; without a user id for those who asked not to be tracked."""
    user_id = None if visitor.wants_no_trace() else who.user_id
    if outcome.played > 0:
        events.record_watched(user_id, who.course_id, who.lesson_id, outcome.played)
    if outcome.lesson_completed:
        visit = events.Visitor(user_id)
        events.record(EventName.LESSON_COMPLETED, who.course_id, who.lesson_id, visit)
        if outcome.course_completed:
            events.record(EventName.COURSE_COMPLETED, who.course_id, visit=visit)


def _remembered() -> str | None:
    """Return the session token of the "remember me" cookie, for a browser that was closed meanwhile."""
    token = getattr(current_user, "session_token", None)
    db.session.rollback()  # release SQLite's write lock, which the heartbeat's own connection needs
    return token


def _heartbeat(form: HeartbeatForm) -> Heartbeat:
    state = form.state.data
    return Heartbeat(
        position=form.position.data or 0.0,
        start=form.start.data,
        end=form.end.data,
        flowing=state == "playing",
        ended=state == "ended",
        opened=form.opened.data or "",
    )
