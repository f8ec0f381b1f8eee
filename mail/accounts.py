"""Mail about accounts: verification, passwords, second factor, suspension.

`token` is that of the "this wasn't me" link.
"""

from typing import Any

from domain.base.addresses import url_to
from mail.composing import compose, greeting, not_me_url
from models import EmailMessage, User


def verify_email(to: str, token: str, way_back: str) -> EmailMessage:
    """Ask to verify the address `to`; `way_back` is the path to return to.

    The name is left out: anybody may have typed it, to send spam to that address through us.
    """
    after = {"next": way_back} if way_back != "/" else {}
    return compose("verify_email", to, url=url_to("auth.verify_email", token=token, **after))


def already_registered(user: User) -> EmailMessage:
    """Tell the owner of the address that somebody tried to register with it again."""
    return compose(
        "already_registered", user.email, name=greeting(user), closed=user.deleted_at is not None,
        login_url=url_to("auth.login"), reset_url=url_to("auth.forgot_password"),
    )  # fmt: skip


def reset_password(user: User, token: str) -> EmailMessage:
    """Send the link to set a new password."""
    return compose(
        "reset_password",
        user.email,
        user,
        name=greeting(user),
        url=url_to("auth.reset_password", token=token),
    )


def password_changed(user: User, token: str, removed: list[str]) -> EmailMessage:
    """Report a changed password, and the names of the linked identities that were `removed`."""
    return _report(user, "password_changed", token, removed=removed)


def provider_linked(user: User, provider: str, token: str) -> EmailMessage:
    """Report that an OAuth identity was linked."""
    return _report(user, "provider_linked", token, provider=provider)


def provider_unlinked(user: User, provider: str, token: str) -> EmailMessage:
    """Report that an OAuth identity was unlinked."""
    return _report(user, "provider_unlinked", token, provider=provider)


def second_factor_on(user: User, token: str) -> EmailMessage:
    """Report that the second factor was turned on."""
    return _report(user, "second_factor_on", token)


def second_factor_off(user: User, by_admin: bool, token: str) -> EmailMessage:
    """Report that the second factor was turned off. `by_admin`: an admin did it."""
    return _report(
        user, "second_factor_off", token, by_admin=by_admin, security_url=url_to("account.security")
    )


def recovery_codes_renewed(user: User, token: str) -> EmailMessage:
    """Report that new recovery codes have replaced the old ones."""
    return _report(user, "recovery_codes_renewed", token)


def recovery_code_used(user: User, left: int, token: str) -> EmailMessage:
    """Report that a recovery code was used, and how many are `left`."""
    return _report(user, "recovery_code_used", token, left=left, security_url=url_to("account.security"))


def codes_tried(user: User, token: str) -> EmailMessage:
    """Warn that somebody who knows the password is guessing codes."""
    return _report(user, "codes_tried", token)


def confirm_new_email(user: User, new_email: str, token: str) -> EmailMessage:
    """Ask to verify the new address before it replaces the old one; without the name, as in verify_email."""
    return compose(
        "confirm_new_email",
        new_email,
        user,
        old_email=user.email,
        url=url_to("auth.confirm_email", token=token),
    )


def email_changed(user: User, old_email: str, token: str = "") -> tuple[EmailMessage, EmailMessage]:
    """Report the change of address to the old and the new one.

    The mail to the old one has no name, as in verify_email. Without `token` it has no link to undo the
    change.
    """
    undo: dict[str, Any] = {"not_me_url": not_me_url(token)} if token else {}
    facts: dict[str, Any] = {
        "old_email": old_email,
        "new_email": user.email,
        "login_url": url_to("auth.login"),
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
    return compose("account_restored", user.email, user, name=greeting(user), login_url=url_to("auth.login"))


def role_changed(user: User) -> EmailMessage:
    """Report the new role."""
    home = {"creator": "studio.overview", "admin": "admin.index"}.get(user.role, "learn.my_learning")
    return compose(
        "role_changed", user.email, user, name=greeting(user), role=str(user.role), url=url_to(home)
    )


def _report(user: User, template: str, token: str, **facts: Any) -> EmailMessage:
    """Report a change of how somebody signs in, with the link to say that it wasn't them."""
    return compose(template, user.email, user, name=greeting(user), not_me_url=not_me_url(token), **facts)
