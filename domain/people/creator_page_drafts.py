"""Drafts of a creator's public page: changes of creators who aren't vetted wait for an admin.

They are kept in `CreatorProfile.draft` by column name, and queued as an update whose subject is the creator.
Creators who never had a course on sale have no page that learners trust yet: their changes are published at
once.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, BinaryIO

from sqlalchemy import select

import jobs
from domain.base import slugs, sql
from domain.platform import audit, images, moderation_queue, settings
from domain.platform.audit_actions import AuditAction
from models import CreatorProfile, ModerationItem, ModerationKind, Product, Role, User, db

OF_ACCOUNT = {
    "name": "Name", "bio": "About", "website": "Website", "github": "GitHub", "linkedin": "LinkedIn",
    "avatar": "Picture",
}  # fmt: skip
OF_PAGE = {
    "headline": "Headline", "expertise": "Expertise", "years_experience": "Years of experience",
    "certifications": "Certificates and degrees", "links": "Links",
}  # fmt: skip
LABELS = OF_ACCOUNT | OF_PAGE


def waits(user: User) -> bool:
    """Tell if changes of `user` to their page need approval."""
    if not user.is_creator or user.vetted or not settings.current().require_review:
        return False
    live = select(Product.id).where(Product.creator_id == user.id, Product.published_at.is_not(None))
    return db.session.scalar(live.limit(1)) is not None


def live(user: User) -> dict[str, Any]:
    """Read the published values by column name."""
    profile = _profile(user)
    return {
        **{name: getattr(user, name) for name in OF_ACCOUNT},
        **{name: getattr(profile, name) for name in OF_PAGE},
    }


def working(user: User) -> dict[str, Any]:
    """Read the creator's version by column name: published values with the draft over them."""
    return {**live(user), **_draft(user)}


def waiting(user: User) -> list[str]:
    """List the labels of fields that wait for approval."""
    draft = _draft(user)
    return [label.lower() for name, label in LABELS.items() if name in draft]


def keep(user: User, wanted: Mapping[str, Any]) -> None:
    """Save checked values by column name: directly, or as a draft where they need approval."""
    if not waits(user):
        _put(user, wanted)
        if draft := _draft(user):
            _save_draft(user, {name: value for name, value in draft.items() if name not in wanted})
        return
    seen = live(user)
    values = {**_draft(user), **wanted}
    _save_draft(user, {name: value for name, value in values.items() if value != seen[name]})


def set_avatar(user: User, file: BinaryIO) -> None:
    """Set the portrait of `user`, directly or as a draft. Raises Refused for an unreadable file."""
    token = images.keep(images.ImageUse.AVATAR, file)
    lock_page(user)  # only now: decoding takes its time
    images.remove_later(images.ImageUse.AVATAR, _draft(user).get("avatar"))
    keep(user, {"avatar": token})


def remove_avatar(user: User) -> None:
    """Remove the portrait at once, even where other changes need approval."""
    lock_page(user)
    draft = _draft(user)
    images.remove_later(images.ImageUse.AVATAR, draft.pop("avatar", None))
    _put(user, {"avatar": None})
    if db.session.get(CreatorProfile, user.id) is not None:
        _save_draft(user, draft)


def apply(user: User, admin: User) -> None:
    """Publish the draft. The caller has decided that this is allowed."""
    draft = _draft(user)
    _put(user, draft)
    _profile(user).draft = None
    audit.record(
        admin, AuditAction.APPROVE_PROFILE, user, ", ".join(LABELS[name] for name in LABELS if name in draft)
    )
    db.session.flush()


def creator_of(item: ModerationItem) -> User | None:
    """Find the creator whose page `item` is about; None for an item about something else."""
    return db.session.get(User, item.subject_id) if item.is_profile else None


def version(user: User) -> str:
    """Fingerprint the draft, so that approving one that changed meanwhile is noticed (optimistic lock)."""
    return sha256(repr(sorted(_draft(user).items())).encode()).hexdigest()[:16]


def lock_page(user: User) -> None:
    """Lock the row of `user` until the transaction ends and reload it with the profile."""
    sql.lock(user)
    if (profile := db.session.get(CreatorProfile, user.id)) is not None:
        sql.reload(profile)


def _save_draft(user: User, draft: dict[str, Any]) -> None:
    """Save `draft`, and put it into the review queue or withdraw it when it is empty."""
    profile = _profile(user)
    if profile.slug is None:
        profile.slug = slugs.for_creator(user.name)
    db.session.add(profile)
    profile.draft = draft or None
    db.session.flush()
    if draft:
        moderation_queue.enqueue(ModerationKind.UPDATE, user.id, user.name, user.id)
    else:
        moderation_queue.withdraw(ModerationKind.UPDATE, user.id)


def _put(user: User, values: Mapping[str, Any]) -> None:
    if "avatar" in values and values["avatar"] != user.avatar:
        images.remove_later(images.ImageUse.AVATAR, user.avatar)
    if values.get("name", user.name) != user.name and user.role != Role.LEARNER:
        jobs.enqueue("reindex_creator", creator_id=str(user.id))  # search documents contain the name
    for name in OF_ACCOUNT.keys() & values.keys():
        setattr(user, name, values[name])
    if of_page := OF_PAGE.keys() & values.keys():
        profile = _profile(user)
        if profile.slug is None:
            profile.slug = slugs.for_creator(user.name)
        db.session.add(profile)
        for name in of_page:
            setattr(profile, name, values[name])
    db.session.flush()


def _profile(user: User) -> CreatorProfile:
    found = db.session.get(CreatorProfile, user.id)
    if found is not None:
        return found
    return CreatorProfile(user_id=user.id, headline="", expertise=[], certifications=[], links=[])


def _draft(user: User) -> dict[str, Any]:
    """Read the draft; always empty for learners, even former creators, who have no page."""
    return {} if user.role == Role.LEARNER else dict(_profile(user).draft or {})
