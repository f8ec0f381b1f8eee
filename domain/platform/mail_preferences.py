"""Mail preferences: the kinds of notifications that are mailed as well, all by default; unsubscribing."""

import uuid

from itsdangerous import BadData
from sqlalchemy import select

from domain import InvalidToken
from domain.base import signing, sql
from domain.platform import consents
from models import ConsentEnd, MailPreference, MailPurpose, NotificationKind, Role, User, db, upsert

SALT = "lectern.unsubscribe"
Topic = NotificationKind | MailPurpose
"""What an unsubscribe link ends: one kind of notification, or marketing."""

# These have mails of their own, which say more.
OTHERWISE_MAILED = frozenset({NotificationKind.APPLICATION_DECIDED, NotificationKind.WISHED_SALE})
# Consent decides about these. Links of the time when they were a kind to turn off end it as well.
MARKETING: frozenset[Topic] = frozenset({MailPurpose.MARKETING, NotificationKind.WISHED_SALE})
TOPICS = {
    NotificationKind.REVIEW_RECEIVED: "new reviews of your courses",
    NotificationKind.REVIEW_REPLY: "replies to your reviews",
    NotificationKind.COURSE_APPROVED: "approved courses and updates",
    NotificationKind.COURSE_REJECTED: "courses and updates that need changes",
    NotificationKind.COURSE_EXPIRING: "courses that are about to expire",
    NotificationKind.WISHED_SALE: "sales on your wishlist",
    NotificationKind.REFUND: "refunds",
    NotificationKind.APPLICATION_DECIDED: "your application to teach",
    NotificationKind.REPORT_DECIDED: "the outcome of your reports",
    NotificationKind.COURSE_OPENED: "courses that have opened for you",
    NotificationKind.BUNDLE_ASKED: "your courses in other people’s bundles",
    NotificationKind.BUNDLE_GREW: "new courses in bundles that you own",
    NotificationKind.PAYOUT: "your payouts",
}
FOR_CREATORS = frozenset(
    {
        NotificationKind.REVIEW_RECEIVED,
        NotificationKind.COURSE_APPROVED,
        NotificationKind.COURSE_REJECTED,
        NotificationKind.COURSE_EXPIRING,
        NotificationKind.BUNDLE_ASKED,
        NotificationKind.PAYOUT,
    }
)


def mailed_to(user: User) -> list[NotificationKind]:
    """List the kinds that `user` can be mailed."""
    others = OTHERWISE_MAILED | (FOR_CREATORS if user.role == Role.LEARNER else frozenset())
    return [kind for kind in NotificationKind if kind not in others]


def wants(user_id: uuid.UUID, kind: NotificationKind) -> bool:
    """Tell if notifications of `kind` are mailed to the user."""
    if kind in OTHERWISE_MAILED:
        return False
    chosen = select(MailPreference.by_mail).where(
        MailPreference.user_id == user_id, MailPreference.kind == kind
    )
    return db.session.scalar(chosen) is not False


def objection(user: User, kind: str) -> str | None:
    """Say why a notification of `kind` must not be mailed to `user`; None if it may. A condition of mail."""
    return None if wants(user.id, NotificationKind(kind)) else "They turned this kind of email off."


def refused_by(user: User) -> set[NotificationKind]:
    """List the kinds that `user` has turned off."""
    chosen = select(MailPreference.kind).where(
        MailPreference.user_id == user.id, MailPreference.by_mail.is_(False)
    )
    return set(db.session.scalars(chosen))


def lock(user: User) -> None:
    """Lock the preferences of `user` until the transaction ends."""
    sql.lock_key(User, user.id)


def choose(user: User, kind: NotificationKind, by_mail: bool) -> None:
    """Turn mails of a kind on or off. Idempotent."""
    row = upsert(MailPreference).values(user_id=user.id, kind=kind, by_mail=by_mail)
    change = {"by_mail": row.excluded.by_mail, "updated_at": row.excluded.updated_at}
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id", "kind"], set_=change))


def topic_in_words(topic: Topic) -> str:
    """Name what an unsubscribe link ends, to follow “email you about”."""
    return "news and offers" if topic in MARKETING else TOPICS[NotificationKind(topic)]


def token(user_id: uuid.UUID, topic: Topic) -> str:
    """Sign a token for the unsubscribe link of a mail, which works without signing in.

    It never expires: somebody unsubscribing from an old mail wants no new ones either.
    """
    return signing.undated_serializer(SALT).dumps([user_id.hex, topic.value])


def opened_by(token: str) -> tuple[User, Topic]:
    """Find the user and the topic of an unsubscribe token.

    Raises InvalidToken for a forged one, and for a topic that this release doesn't know.
    """
    try:
        key, topic = signing.undated_serializer(SALT).loads(token)
    except BadData as error:
        raise InvalidToken("This link is incomplete. Open it from the email again.") from error
    user = db.session.get(User, uuid.UUID(key))
    if user is None or user.deleted_at is not None:
        raise InvalidToken("This account is closed and no longer gets email.")
    if topic in MARKETING:
        return user, MailPurpose.MARKETING
    if topic not in list(NotificationKind):
        raise InvalidToken("This link no longer works.")
    return user, NotificationKind(topic)


def unsubscribe(user: User, topic: Topic) -> None:
    """End the mails that an unsubscribe link is about. Idempotent."""
    if topic in MARKETING:
        consents.withdraw(user, ConsentEnd.UNSUBSCRIBE_LINK)
    else:
        choose(user, NotificationKind(topic), by_mail=False)
