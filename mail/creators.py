"""Mail about applying to teach."""

from mail.composing import base_url, compose, greeting
from models import EmailMessage, User


def application_received(user: User) -> EmailMessage:
    """Tell an applicant that somebody will read it."""
    return compose(
        "application_received", user.email, user, name=greeting(user), teach_url=f"{base_url()}/teach"
    )


def application_waiting(to: str, user: User, headline: str) -> EmailMessage:
    """Tell whoever runs the shop that somebody would like to teach here."""
    return compose(
        "application_waiting", to, applicant=user.name, headline=headline,
        queue_url=f"{base_url()}/admin/moderation?kind=application",
    )  # fmt: skip


def application_accepted(user: User) -> EmailMessage:
    """Tell an applicant that the studio is theirs."""
    return compose(
        "application_accepted", user.email, user, name=greeting(user), studio_url=f"{base_url()}/studio"
    )


def application_declined(user: User, reason: str) -> EmailMessage:
    """Tell an applicant why not, and that they may apply again."""
    return compose(
        "application_declined",
        user.email,
        user,
        name=greeting(user),
        reason=reason,
        teach_url=f"{base_url()}/teach",
    )
