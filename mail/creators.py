"""Mail about creator applications."""

from mail.composing import base_url, compose, greeting
from models import EmailMessage, User


def application_received(user: User) -> EmailMessage:
    """Confirm an application to the applicant."""
    return compose(
        "application_received", user.email, user, name=greeting(user), teach_url=f"{base_url()}/teach"
    )


def application_waiting(to: str, user: User, headline: str) -> EmailMessage:
    """Report a new application to the shop's operator."""
    return compose(
        "application_waiting", to, applicant=user.name, headline=headline,
        queue_url=f"{base_url()}/admin/moderation?kind=application",
    )  # fmt: skip


def application_accepted(user: User) -> EmailMessage:
    """Report the acceptance to the applicant, with a link to the studio."""
    return compose(
        "application_accepted", user.email, user, name=greeting(user), studio_url=f"{base_url()}/studio"
    )


def application_declined(user: User, reason: str) -> EmailMessage:
    """Report the rejection and its reason to the applicant, who may apply again."""
    return compose(
        "application_declined",
        user.email,
        user,
        name=greeting(user),
        reason=reason,
        teach_url=f"{base_url()}/teach",
    )
