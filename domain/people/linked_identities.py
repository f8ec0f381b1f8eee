"""Linked identities (OAuth) of an account: list, link and unlink.

An unlinked one is remembered: its provider still vouches for the address, so that signing in with it would
link it again.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

import mail
from domain import Refused
from domain.base import clock, sql
from domain.people import mail_tokens, sessions
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import OAuthAccount, User, db

NAMES = {"github": "GitHub", "google": "Google"}
NO_PASSWORD = "Set a password first. Without one, you couldn’t sign in any more."  # noqa: S105 - a sentence


@dataclass(frozen=True)
class ProviderIdentity:
    """A person's identity at a provider. `email` is None unless the provider has verified it."""

    provider: str
    provider_name: str
    subject: str
    name: str
    email: str | None


def available() -> dict[str, str]:
    """List the configured providers by key, with their names."""
    settings = current_app.config["SETTINGS"]
    return {
        key: name
        for key, name in NAMES.items()
        if getattr(settings, f"{key}_client_id") and getattr(settings, f"{key}_client_secret")
    }


def name_of(row: OAuthAccount) -> str:
    """Name the provider of a linked identity."""
    return NAMES.get(row.provider, row.provider)


def list_identities(user: User) -> list[OAuthAccount]:
    """List the linked identities of `user`, oldest first."""
    query = select(OAuthAccount).where(OAuthAccount.user_id == user.id, OAuthAccount.unlinked_at.is_(None))
    return list(db.session.scalars(query.order_by(OAuthAccount.created_at, OAuthAccount.id)))


def row_of(identity: ProviderIdentity) -> OAuthAccount | None:
    """Lock and return the row of an identity, even of an unlinked one."""
    same = (OAuthAccount.provider == identity.provider, OAuthAccount.subject == identity.subject)
    return sql.locked(select(OAuthAccount).where(*same), keys=True).first()


def is_of(identity: ProviderIdentity, user: User) -> bool:
    """Tell if `identity` is linked to `user`."""
    row = row_of(identity)
    return row is not None and row.user_id == user.id and row.unlinked_at is None


def open_with(identity: ProviderIdentity, user: User) -> OAuthAccount:
    """Link `identity` to `user`, from whichever account had it."""
    row, now = row_of(identity), clock.now()
    if row is None:
        row = OAuthAccount(provider=identity.provider, subject=identity.subject)
        db.session.add(row)
    row.user_id, row.created_at, row.last_used_at, row.unlinked_at = user.id, now, now, None
    db.session.flush()
    return row


def link(identity: ProviderIdentity, user: User) -> None:
    """Link `identity` at the request of `user`, who has proved their password. Idempotent.

    Raises Refused where it is linked to another account.
    """
    row = row_of(identity)
    live = row is not None and row.unlinked_at is None
    if row is not None and live and row.user_id != user.id:
        raise Refused(
            f"This {identity.provider_name} account is linked to another account here. Remove it there first."
        )
    if live:
        return
    open_with(identity, user)
    audit.record(user, AuditAction.LINK_IDENTITY, user, identity.provider_name)
    mail.provider_linked(user, identity.provider_name, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))


def unlink(user: User, identity_id: uuid.UUID) -> str | None:
    """Unlink one of `user`'s identities and sign out all other devices; answers the provider's name.

    None where there is no such identity. Raises Refused without a password: there would be no way to sign in.
    """
    row = next((row for row in list_identities(user) if row.id == identity_id), None)
    if row is None:
        return None
    if user.password_hash is None:
        raise Refused(NO_PASSWORD)
    remove(user, [row])
    sessions.end_all(user, except_token=user.session_token)
    mail.provider_unlinked(user, name_of(row), mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))
    return name_of(row)


def remove(user: User, rows: Collection[OAuthAccount]) -> list[str]:
    """Unlink `rows` from `user`; answers the names of their providers."""
    for row in rows:
        row.unlinked_at = clock.now()
        audit.record(user, AuditAction.UNLINK_IDENTITY, user, name_of(row))
    db.session.flush()
    return [name_of(row) for row in rows]
