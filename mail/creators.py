"""Mail about creator applications."""

from domain.base.addresses import url_to
from mail.composing import compose, greeting
from models import EmailMessage, User


def application_received(user: User) -> EmailMessage:
    """Confirm an application to the applicant."""
    return compose(
        "application_received", user.email, user, name=greeting(user), teach_url=url_to("teach.apply")
    )


def application_waiting(to: str, user: User, headline: str) -> EmailMessage:
    """Report a new application to the shop's operator."""
    return compose(
        "application_waiting", to, applicant=user.name, headline=headline,
        queue_url=url_to("admin.moderation", kind="application"),
    )  # fmt: skip


def application_accepted(user: User) -> EmailMessage:
    """Report the acceptance to the applicant, with a link to the studio."""
    return compose(
        "application_accepted", user.email, user, name=greeting(user), studio_url=url_to("studio.overview")
    )


def application_declined(user: User, reason: str) -> EmailMessage:
    """Report the rejection and its reason to the applicant, who may apply again."""
    return compose(
        "application_declined",
        user.email,
        user,
        name=greeting(user),
        reason=reason,
        teach_url=url_to("teach.apply"),
    )
