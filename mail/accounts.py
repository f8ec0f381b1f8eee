"""Mail about accounts: proofs of addresses, ways in, suspension."""

from urllib.parse import urlencode

from mail.composing import base_url, compose, greeting, not_me_url
from models import EmailMessage, User


def verify_email(to: str, token: str, way_back: str) -> EmailMessage:
    """Ask for the proof that the address `to` is theirs; `way_back` is the path they were on.

    The name isn't said: nobody has proved that it belongs to this address, and it may be an advertisement.
    """
    after = f"?{urlencode({'next': way_back})}" if way_back != "/" else ""
    return compose("verify_email", to, url=f"{base_url()}/verify-email/{token}{after}")


def already_registered(user: User) -> EmailMessage:
    """Tell whoever has the address that somebody tried to register with it again."""
    return compose(
        "already_registered", user.email, name=greeting(user), closed=user.deleted_at is not None,
        login_url=f"{base_url()}/login", reset_url=f"{base_url()}/forgot-password",
    )  # fmt: skip


def reset_password(user: User, token: str) -> EmailMessage:
    """Send the link that sets a new password."""
    return compose(
        "reset_password", user.email, user, name=greeting(user), url=f"{base_url()}/reset-password/{token}"
    )


def password_changed(user: User, token: str, removed: list[str]) -> EmailMessage:
    """Say that the password was changed, and what was `removed` by name; `token` is for who wasn't it."""
    return compose(
        "password_changed",
        user.email,
        user,
        name=greeting(user),
        removed=removed,
        not_me_url=not_me_url(token),
    )


def provider_linked(user: User, provider: str, token: str) -> EmailMessage:
    """Say that an identity elsewhere opens the account from now on; `token` is for who wasn't it."""
    return compose(
        "provider_linked",
        user.email,
        user,
        name=greeting(user),
        provider=provider,
        not_me_url=not_me_url(token),
    )


def provider_unlinked(user: User, provider: str, token: str) -> EmailMessage:
    """Say that an identity elsewhere opens the account no longer; `token` is for who wasn't it."""
    return compose(
        "provider_unlinked",
        user.email,
        user,
        name=greeting(user),
        provider=provider,
        not_me_url=not_me_url(token),
    )


def second_factor_on(user: User, token: str) -> EmailMessage:
    """Say that signing in asks for a code from now on; `token` is for who wasn't it."""
    return compose("second_factor_on", user.email, user, name=greeting(user), not_me_url=not_me_url(token))


def second_factor_off(user: User, by_admin: bool, token: str) -> EmailMessage:
    """Say that signing in asks for no code any more; `token` is for who wasn't it.

    `by_admin`: whoever runs the shop has done it.
    """
    return compose(
        "second_factor_off", user.email, user, name=greeting(user), by_admin=by_admin,
        not_me_url=not_me_url(token), security_url=f"{base_url()}/account/security",
    )  # fmt: skip


def recovery_codes_renewed(user: User, token: str) -> EmailMessage:
    """Say that the recovery codes of before open nothing any more; `token` is for who wasn't it."""
    return compose(
        "recovery_codes_renewed", user.email, user, name=greeting(user), not_me_url=not_me_url(token)
    )


def recovery_code_used(user: User, left: int, token: str) -> EmailMessage:
    """Say that a recovery code was used and how many are `left`; `token` is for who wasn't it."""
    return compose(
        "recovery_code_used", user.email, user, name=greeting(user), left=left,
        not_me_url=not_me_url(token), security_url=f"{base_url()}/account/security",
    )  # fmt: skip


def codes_tried(user: User, token: str) -> EmailMessage:
    """Say that somebody who knows the password tries codes; `token` is for who wasn't it."""
    return compose("codes_tried", user.email, user, name=greeting(user), not_me_url=not_me_url(token))


def confirm_new_email(user: User, new_email: str, token: str) -> EmailMessage:
    """Ask the new address for proof before it replaces the old one; the name isn't said, as above."""
    return compose(
        "confirm_new_email", new_email, user, old_email=user.email, url=f"{base_url()}/confirm-email/{token}"
    )


def email_changed(user: User, old_email: str, token: str = "") -> tuple[EmailMessage, EmailMessage]:
    """Tell the old address and the new one that the account has moved; `token` is for who wasn't it.

    The old one hears no name: nobody may ever have proved that it was theirs. Without `token` it can't undo
    it.
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
    """Tell somebody that they are shut out, and why. The row names no user: they get no other mail now."""
    return compose("account_suspended", user.email, name=greeting(user), reason=reason)


def still_suspended(user: User) -> EmailMessage:
    """Tell somebody who asked for a new password that it wouldn't open the account."""
    return compose("still_suspended", user.email, name=greeting(user))


def account_restored(user: User) -> EmailMessage:
    """Tell somebody that they can sign in again."""
    return compose("account_restored", user.email, user, name=greeting(user), login_url=f"{base_url()}/login")


def role_changed(user: User) -> EmailMessage:
    """Tell somebody what they may do from now on."""
    desk = {"creator": "/studio", "admin": "/admin"}.get(user.role, "/learn")
    return compose(
        "role_changed", user.email, user, name=greeting(user), role=str(user.role), url=f"{base_url()}{desk}"
    )
