"""Admin page of one user, and the actions on their account."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.forms import CompAccessForm, RestoreForm, RoleForm, SuspendForm
from domain.learning import comp_access
from domain.moderation import creator_suspension
from domain.people import devices, directory, second_factor
from domain.platform import last_days
from models import Role, User
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm, Form, SwitchForm
from web.reauthentication import fresh
from web.signed_in import me


@bp.get("/users/<uuid:user_id>")
def user(user_id: uuid.UUID) -> Response:
    """Show account, courses, orders, devices and audit log of a user."""
    return _page(_person(user_id))


@bp.post("/users/<uuid:user_id>/role")
@fresh
def change_role(user_id: uuid.UUID) -> Response:
    """Change the user's role: learner, creator or admin."""
    person = _person(user_id)
    directory.lock(person)
    form = RoleForm(data={"role": person.role.value})
    return _do(
        person, form, lambda: directory.change_role(person, Role(form.role.data), me()),
        "Role changed.", role=form,
    )  # fmt: skip


@bp.post("/users/<uuid:user_id>/vetted")
@fresh
def vet(user_id: uuid.UUID) -> Response:
    """Vet a creator, so that what they publish goes live without a review, or withdraw that."""
    return _switch(user_id, directory.vet)


@bp.post("/users/<uuid:user_id>/everything")
@fresh
def override_access(user_id: uuid.UUID) -> Response:
    """Grant access to every course (access override), or withdraw it."""
    return _switch(user_id, directory.override_access)


@bp.post("/users/<uuid:user_id>/suspend")
@fresh
def suspend(user_id: uuid.UUID) -> Response:
    """Suspend the user and sign them out everywhere, on request with their courses off sale."""
    person, form = _person(user_id), SuspendForm()
    return _do(
        person,
        form,
        lambda: creator_suspension.suspend(person, me(), form.reason.data or "", form.with_courses.data),
        f"{person.name} is suspended and signed out everywhere."
        + (" Their courses are off sale." if form.with_courses.data else ""),
        suspend=form,
    )


@bp.post("/users/<uuid:user_id>/restore")
@fresh
def restore(user_id: uuid.UUID) -> Response:
    """Lift a suspension."""
    person, form = _person(user_id), RestoreForm()
    return _do(
        person,
        form,
        lambda: creator_suspension.restore(person, me(), form.with_courses.data),
        f"{person.name} can sign in again.",
    )


@bp.post("/users/<uuid:user_id>/courses")
@fresh
def give(user_id: uuid.UUID) -> Response:
    """Give complimentary access to a course, for good or until the end of a day."""
    person, form = _person(user_id), CompAccessForm()

    def hand_over() -> None:
        course, day = comp_access.course_called(form.course.data or ""), form.expires_on.data
        comp_access.give_access(person, course, last_days.end_of(day) if day else None, me())

    return _do(person, form, hand_over, "They now have access.", give=form)


@bp.post("/users/<uuid:user_id>/courses/<uuid:grant_id>/take-back")
@fresh
def take_back(user_id: uuid.UUID, grant_id: uuid.UUID) -> Response:
    """Revoke complimentary access."""
    person = _person(user_id)
    return _do(
        person, ButtonForm(), lambda: comp_access.end_access(person, grant_id, me()),
        "Their access is removed.",
    )  # fmt: skip


@bp.post("/users/<uuid:user_id>/second-factor/remove")
@fresh
def remove_second_factor(user_id: uuid.UUID) -> Response:
    """Turn off the second factor of a user who has lost both phone and recovery codes."""
    person = _person(user_id)
    return _do(
        person,
        ButtonForm(),
        lambda: second_factor.remove(person, me()),
        "Their two-factor authentication is off.",
    )


def _switch(user_id: uuid.UUID, verb: Callable[[User, bool, User], object]) -> Response:
    person, form = _person(user_id), SwitchForm()
    return _do(person, form, lambda: verb(person, form.on.data, me()), "Saved.")


def _person(user_id: uuid.UUID) -> User:
    found = directory.find(user_id)
    if found is None or found.deleted_at is not None:
        abort(404)
    return found


def _do(person: User, form: Form, verb: Callable[[], object], said: str, **shown: Form) -> Response:
    """Call `verb` and redirect if the form is valid; otherwise render the page with the errors."""
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            verb()
            attempt.say(said)
            return hypermedia.see_other(url_for("admin.user", user_id=person.id))
    refused = [
        sentence for name, errors in form.errors.items() if name not in form._fields for sentence in errors
    ]
    return _page(_person(person.id), form.status, [] if shown else refused or ["That didn’t work."], **shown)


def _page(person: User, status: int = 200, wrong: list[str] | None = None, **shown: Form) -> Response:
    forms: dict[str, Any] = {
        "role": shown.get("role") or RoleForm(formdata=None, data={"role": person.role.value}),
        "suspend": shown.get("suspend") or SuspendForm(formdata=None),
        "give": shown.get("give") or CompAccessForm(formdata=None),
        "restore": RestoreForm(formdata=None, with_courses=True),
    }
    details = directory.load_details(person)
    return hypermedia.render(
        "admin/user.html",
        status=status,
        person=person,
        details=details,
        devices=[(row, devices.describe(row.user_agent)) for row in details.devices],
        forms=forms,
        wrong=wrong or [],
        has_second_factor=second_factor.is_on(person),
        on_sale=0 if person.suspended_at else creator_suspension.on_sale(person),
        taken_off=creator_suspension.taken_off(person) if person.suspended_at else 0,
        is_self=person.id == me().id,
        shown=directory.SHOWN,
    )
