"""Mail about accounts: verification, passwords, second factor, suspension.

`token` is that of the "this wasn't me" link.
"""

from urllib.parse import urlencode

from mail.composing import base_url, compose, greeting, not_me_url
from models import EmailMessage, User


def verify_email(to: str, token: str, way_back: str) -> EmailMessage:
    """Ask to verify the address `to`; `way_back` is the path to return to.

    The name is left out: anybody may have typed it, to send spam to that address through us.
    """
    after = f"?{urlencode({'next': way_back})}" if way_back != "/" else ""
    return compose("verify_email", to, url=f"{base_url()}/verify-email/{token}{after}")


def already_registered(user: User) -> EmailMessage:
    """Tell the owner of the address that somebody tried to register with it again."""
    return compose(
        "already_registered", user.email, name=greeting(user), closed=user.deleted_at is not None,
        login_url=f"{base_url()}/login", reset_url=f"{base_url()}/forgot-password",
    )  # fmt: skip


def reset_password(user: User, token: str) -> EmailMessage:
    """Send the link to set a new password."""
    return compose(
        "reset_password", user.email, user, name=greeting(user), url=f"{base_url()}/reset-password/{token}"
    )


def password_changed(user: User, token: str, removed: list[str]) -> EmailMessage:
    """Report a changed password, and the names of the linked identities that were `removed`."""
    return compose(
        "password_changed",
        user.email,
        user,
        name=greeting(user),
        removed=removed,
        not_me_url=not_me_url(token),
    )


def provider_linked(user: User, provider: str, token: str) -> EmailMessage:
    """Report that an OAuth identity was linked."""
    return compose(
        "provider_linked",
        user.email,
        user,
        name=greeting(user),
        provider=provider,
        not_me_url=not_me_url(token),
    )


def provider_unlinked(user: User, provider: str, token: str) -> EmailMessage:
    """Report that an OAuth identity was unlinked."""
    return compose(
        "provider_unlinked",
        user.email,
        user,
        name=greeting(user),
        provider=provider,
        not_me_url=not_me_url(token),
    )


def second_factor_on(user: User, token: str) -> EmailMessage:
    """Report that the second factor was turned on."""
    return compose("second_factor_on", user.email, user, name=greeting(user), not_me_url=not_me_url(token))


def second_factor_off(user: User, by_admin: bool, token: str) -> EmailMessage:
    """Report that the second factor was turned off. `by_admin`: an admin did it."""
    return compose(
        "second_factor_off", user.email, user, name=greeting(user), by_admin=by_admin,
        not_me_url=not_me_url(token), security_url=f"{base_url()}/account/security",
    )  # fmt: skip


def recovery_codes_renewed(user: User, token: str) -> EmailMessage:
    """Report that new recovery codes have replaced the old ones."""
    return compose(
        "recovery_codes_renewed", user.email, user, name=greeting(user), not_me_url=not_me_url(token)
    )


def recovery_code_used(user: User, left: int, token: str) -> EmailMessage:
    """Report that a recovery code was used, and how many are `left`."""
    return compose(
        "recovery_code_used", user.email, user, name=greeting(user), left=left,
        not_me_url=not_me_url(token), security_url=f"{base_url()}/account/security",
    )  # fmt: skip


def codes_tried(user: User, token: str) -> EmailMessage:
    """Warn that somebody who knows the password is guessing codes."""
    return compose("codes_tried", user.email, user, name=greeting(user), not_me_url=not_me_url(token))


def confirm_new_email(user: User, new_email: str, token: str) -> EmailMessage:
    """Ask to verify the new address before it replaces the old one; without the name, as in verify_email."""
    return compose(
        "confirm_new_email", new_email, user, old_email=user.email, url=f"{base_url()}/confirm-email/{token}"
    )


def email_changed(user: User, old_email: str, token: str = "") -> tuple[EmailMessage, EmailMessage]:
    """Report the change of address to the old and the new one.

    The mail to the old one has no name, as in verify_email. Without `token` it has no link to undo the
    change.
    """
    undo = {"not_me_url": not_me_url(token)} if token else {}
    facts = {
        "old_email": old_email,
        "new_email": user.email,
        "login_url": f"{base_url()}/login",
    }
    return (
        compose("email_changed_old", old_email, user, name="", **facts, **undo),
        compose("email_changed_new", user.email, user, name=greeting(user), **facts),
    )


def account_suspended(user: User, reason: str) -> EmailMessage:
    """Report the suspension and its reason. The row names no user: suspended accounts get no other mail."""
    return compose("account_suspended", user.email, name=greeting(user), reason=reason)


def still_suspended(user: User) -> EmailMessage:
    """Answer a password reset of a suspended account."""
    return compose("still_suspended", user.email, name=greeting(user))


def account_restored(user: User) -> EmailMessage:
    """Report that the suspension is lifted."""
    return compose("account_restored", user.email, user, name=greeting(user), login_url=f"{base_url()}/login")


def role_changed(user: User) -> EmailMessage:
    """Report the new role."""
    desk = {"creator": "/studio", "admin": "/admin"}.get(user.role, "/learn")
    return compose(
        "role_changed", user.email, user, name=greeting(user), role=str(user.role), url=f"{base_url()}{desk}"
    )
