"""The mail we send: one function per message, named like its folder under templates/mail/.

A function writes a row in the caller's transaction; the worker renders and sends it. `data` holds
plain JSON values only, so that a message looks the same whenever it is sent.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import current_app, render_template
from uuid_utils.compat import uuid7

import jobs
from models import Course, EmailMessage, Order, StripeEvent, User, db

NOTIFICATION = "notification"


def compose(template: str, to: str, user: User | None = None, **data: Any) -> EmailMessage:
    """Write the message `template` to the address `to` and ask the worker to send it."""
    message_id, site = uuid7(), urlsplit(current_app.config["SETTINGS"].base_url).hostname
    message = EmailMessage(
        id=message_id,
        recipient=to,
        user_id=user.id if user else None,
        template=template,
        subject=render_subject(template, data),
        data=data,
        message_id=f"<{message_id.hex}@{site}>",
    )
    db.session.add(message)
    db.session.flush()
    jobs.enqueue("send_email", key=f"email:{message.id}", message_id=str(message.id))
    return message


def verify_email(to: str, token: str, way_back: str) -> EmailMessage:
    """Ask for the proof that the address `to` is theirs; `way_back` is the path they were on.

    The name isn't said: nobody has proved that it belongs to this address, and it may be an advertisement.
    """
    after = f"?{urlencode({'next': way_back})}" if way_back != "/" else ""
    return compose("verify_email", to, url=f"{_base()}/verify-email/{token}{after}")


def already_registered(user: User) -> EmailMessage:
    """Tell whoever has the address that somebody tried to register with it again."""
    return compose(
        "already_registered", user.email, name=_name(user), closed=user.deleted_at is not None,
        login_url=f"{_base()}/login", reset_url=f"{_base()}/forgot-password",
    )  # fmt: skip


def reset_password(user: User, token: str) -> EmailMessage:
    """Send the link that sets a new password."""
    return compose(
        "reset_password", user.email, user, name=_name(user), url=f"{_base()}/reset-password/{token}"
    )


def password_changed(user: User, token: str, removed: list[str]) -> EmailMessage:
    """Say that the password was changed, and what was `removed` by name; `token` is for who wasn't it."""
    return compose(
        "password_changed",
        user.email,
        user,
        name=_name(user),
        removed=removed,
        not_me_url=_not_me(token),
    )


def provider_linked(user: User, provider: str, token: str) -> EmailMessage:
    """Say that an identity elsewhere opens the account from now on; `token` is for who wasn't it."""
    return compose(
        "provider_linked",
        user.email,
        user,
        name=_name(user),
        provider=provider,
        not_me_url=_not_me(token),
    )


def provider_unlinked(user: User, provider: str, token: str) -> EmailMessage:
    """Say that an identity elsewhere opens the account no longer; `token` is for who wasn't it."""
    return compose(
        "provider_unlinked",
        user.email,
        user,
        name=_name(user),
        provider=provider,
        not_me_url=_not_me(token),
    )


def second_factor_on(user: User, token: str) -> EmailMessage:
    """Say that signing in asks for a code from now on; `token` is for who wasn't it."""
    return compose("second_factor_on", user.email, user, name=_name(user), not_me_url=_not_me(token))


def second_factor_off(user: User, by_admin: bool, token: str) -> EmailMessage:
    """Say that signing in asks for no code any more; `token` is for who wasn't it.

    `by_admin`: whoever runs the shop has done it.
    """
    return compose(
        "second_factor_off", user.email, user, name=_name(user), by_admin=by_admin,
        not_me_url=_not_me(token), security_url=f"{_base()}/account/security",
    )  # fmt: skip


def recovery_codes_renewed(user: User, token: str) -> EmailMessage:
    """Say that the recovery codes of before open nothing any more; `token` is for who wasn't it."""
    return compose("recovery_codes_renewed", user.email, user, name=_name(user), not_me_url=_not_me(token))


def recovery_code_used(user: User, left: int, token: str) -> EmailMessage:
    """Say that a recovery code was used and how many are `left`; `token` is for who wasn't it."""
    return compose(
        "recovery_code_used", user.email, user, name=_name(user), left=left,
        not_me_url=_not_me(token), security_url=f"{_base()}/account/security",
    )  # fmt: skip


def codes_tried(user: User, token: str) -> EmailMessage:
    """Say that somebody who knows the password tries codes; `token` is for who wasn't it."""
    return compose("codes_tried", user.email, user, name=_name(user), not_me_url=_not_me(token))


def confirm_new_email(user: User, new_email: str, token: str) -> EmailMessage:
    """Ask the new address for proof before it replaces the old one; the name isn't said, as above."""
    return compose(
        "confirm_new_email", new_email, user, old_email=user.email, url=f"{_base()}/confirm-email/{token}"
    )


def email_changed(user: User, old_email: str, token: str = "") -> tuple[EmailMessage, EmailMessage]:
    """Tell the old address and the new one that the account has moved; `token` is for who wasn't it.

    The old one hears no name: nobody may ever have proved that it was theirs. Without `token` it can't undo
    it.
    """
    undo = {"not_me_url": _not_me(token)} if token else {}
    facts = {
        "old_email": old_email,
        "new_email": user.email,
        "login_url": f"{_base()}/login",
    }
    return (
        compose("email_changed_old", old_email, user, name="", **facts, **undo),
        compose("email_changed_new", user.email, user, name=_name(user), **facts),
    )


def welcome_to_course(user: User, course: Course) -> EmailMessage:
    """Tell a new learner where the course is, and that it keeps their place."""
    url = f"{current_app.config['SETTINGS'].base_url}/learn/{course.slug}"
    return compose(
        "welcome_to_course", user.email, user, name=_name(user), course=course.title, course_url=url,
        lesson_count=course.lesson_count,
    )  # fmt: skip


def receipt(user: User, order: Order) -> EmailMessage:
    """Say what was bought, for how much, and where it is; needs `order.purchases` and `completed_at`."""
    day = order.completed_at or order.created_at
    return compose("receipt", user.email, user, paid_on=f"{day.day} {day:%B %Y}", **_order_facts(user, order))


def payment_pending(user: User, order: Order) -> EmailMessage:
    """Say that the bank takes its time, and that nothing has to be done."""
    return compose("payment_pending", user.email, user, **_order_facts(user, order))


def payment_failed(user: User, order: Order) -> EmailMessage:
    """Say that the bank turned the payment down, that nothing was charged, and how to try again."""
    return compose("payment_failed", user.email, user, **_order_facts(user, order))


def order_problem(to: str, order: Order, sentence: str) -> EmailMessage:
    """Tell whoever runs the shop that an order needs a person, and why."""
    return compose(
        "order_problem", to, number=order.number, problem=sentence, total_cents=order.total_cents,
        currency=order.currency, session=order.stripe_session_id or "",
    )  # fmt: skip


def payment_problem(to: str, event: StripeEvent, payment: str, sentence: str) -> EmailMessage:
    """Tell whoever runs the shop what happened at Stripe to money that no order here has."""
    url = f"{_base()}/admin/webhooks/{event.id}"
    return compose("payment_problem", to, payment=payment, problem=sentence, event_url=url)


def backup_problem(to: str, headline: str, sentence: str) -> EmailMessage:
    """Tell whoever runs the shop that a backup was not made, or could not be restored, and why."""
    return compose(
        "backup_problem", to, headline=headline, problem=sentence, backups_url=f"{_base()}/admin/backups"
    )


def application_received(user: User) -> EmailMessage:
    """Tell an applicant that somebody will read it."""
    return compose("application_received", user.email, user, name=_name(user), teach_url=f"{_base()}/teach")


def application_waiting(to: str, user: User, headline: str) -> EmailMessage:
    """Tell whoever runs the shop that somebody would like to teach here."""
    return compose(
        "application_waiting", to, applicant=user.name, headline=headline,
        queue_url=f"{_base()}/admin/moderation?kind=application",
    )  # fmt: skip


def application_accepted(user: User) -> EmailMessage:
    """Tell an applicant that the studio is theirs."""
    return compose("application_accepted", user.email, user, name=_name(user), studio_url=f"{_base()}/studio")


def application_declined(user: User, reason: str) -> EmailMessage:
    """Tell an applicant why not, and that they may apply again."""
    return compose(
        "application_declined",
        user.email,
        user,
        name=_name(user),
        reason=reason,
        teach_url=f"{_base()}/teach",
    )


def notification(
    user: User, kind: str, topic: str, title: str, message: str, path: str, label: str, token: str
) -> EmailMessage:
    """Tell by mail what the site tells; `path` is where it leads.

    `topic` names mail of this `kind` in words, and `token` opens the page on which it can be ended.
    """
    return compose(
        NOTIFICATION, user.email, user, name=_name(user), kind=kind, topic=topic, title=title,
        message=message, url=f"{_base()}{path}" if path else "", label=label,
        unsubscribe_url=f"{_base()}/unsubscribe/{token}",
    )  # fmt: skip


def account_suspended(user: User, reason: str) -> EmailMessage:
    """Tell somebody that they are shut out, and why. The row names no user: they get no other mail now."""
    return compose("account_suspended", user.email, name=_name(user), reason=reason)


def still_suspended(user: User) -> EmailMessage:
    """Tell somebody who asked for a new password that it wouldn't open the account."""
    return compose("still_suspended", user.email, name=_name(user))


def account_restored(user: User) -> EmailMessage:
    """Tell somebody that they can sign in again."""
    return compose("account_restored", user.email, user, name=_name(user), login_url=f"{_base()}/login")


def role_changed(user: User) -> EmailMessage:
    """Tell somebody what they may do from now on."""
    desk = {"creator": "/studio", "admin": "/admin"}.get(user.role, "/learn")
    return compose(
        "role_changed", user.email, user, name=_name(user), role=str(user.role), url=f"{_base()}{desk}"
    )


def access_given(user: User, course: Course | None, expires_at: datetime | None) -> EmailMessage:
    """Tell somebody that a course, or every course (None), is open to them, and until when."""
    until = f"{expires_at.day} {expires_at:%B %Y}" if expires_at else ""
    url = f"{_base()}/learn/{course.slug}" if course else f"{_base()}/courses"
    return compose(
        "access_given", user.email, user, name=_name(user), course=course.title if course else "",
        until=until, url=url,
    )  # fmt: skip


def _order_facts(user: User, order: Order) -> dict[str, Any]:
    base = current_app.config["SETTINGS"].base_url
    lines = [
        {
            "title": purchase.product_snapshot["title"],
            "amount_cents": purchase.amount_cents,
            "url": f"{base}/learn/{purchase.product_snapshot['slug']}",
            "course_url": f"{base}/courses/{purchase.product_snapshot['slug']}",
        }
        for purchase in order.purchases
    ]
    return {
        "name": _name(user),
        "number": order.number,
        "lines": lines,
        "total_cents": order.total_cents,
        "currency": order.currency,
        "order_url": f"{base}/orders/{order.number}",
    }


def _name(user: User) -> str:
    """The name to greet with; none before the address is proved, as a stranger may have typed both."""
    return user.name if user.is_verified else ""


def _not_me(token: str) -> str:
    return f"{_base()}/not-me/{token}"


def _base() -> str:
    base: str = current_app.config["SETTINGS"].base_url
    return base


def render_subject(template: str, data: dict[str, Any]) -> str:
    """The subject line, always one line of at most 255 characters."""
    text = render_template(f"mail/{template}/subject.txt", **data)
    return " ".join(text.split())[:255]


def render_bodies(message: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML of `message`."""
    return render_with(message.template, message.subject, message.data)


def render_with(template: str, subject: str, data: dict[str, Any]) -> tuple[str, str]:
    """The plain text and the HTML of a message filled with `data`, which may be other than what was sent."""
    folder = f"mail/{template}"
    context = {**data, "subject": subject}
    return render_template(f"{folder}/body.txt", **context), render_template(f"{folder}/body.html", **context)
