"""The second factor: TOTP codes of an app (RFC 6238), and recovery codes for when the app is gone.

Either kind is used up by one conditional UPDATE, so that of two concurrent requests with the same code only
one gets through.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import ScalarResult, delete, func, select, update

import mail
from domain import Refused
from domain.base import clock, encryption, sql
from domain.people import mail_tokens
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from models import RecoveryCode, SecondFactor, User, db, upsert

STEP_SECONDS = 30
TOLERANCE = 1
RECOVERY_CODES = 10
SETUP_LASTS = timedelta(hours=1)
# As long as the “It wasn’t me” link in its notification is valid, which is what removes a recent one.
RECENT = timedelta(seconds=mail_tokens.LIFETIME_SECONDS[mail_tokens.Purpose.NOT_ME])
WRONG = Refused("That code isn’t right. Codes change every 30 seconds, and each works only once.", "code")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_TOTP = re.compile(r"\d{6}")


@dataclass(frozen=True)
class SecondFactorState:
    """The state of a second factor: since when it is on (None: off), and how many recovery codes are left."""

    since: datetime | None
    codes_left: int


def state_of(user: User) -> SecondFactorState:
    """Read the state of `user`'s second factor, for display."""
    since = db.session.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user.id))
    return SecondFactorState(since, codes_left(user) if since else 0)


def is_on(user: User) -> bool:
    """Tell if `user` is asked for a code at sign-in."""
    held = select(SecondFactor.user_id).where(
        SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_not(None)
    )
    return db.session.scalar(held) is not None


def fingerprint(user: User) -> str:
    """Fingerprint the state at the start of a sign-in: a new password or a used code invalidates it."""
    factor = db.session.get(SecondFactor, user.id)
    state = (
        user.id.hex,
        user.password_hash,
        factor.secret if factor else "",
        factor.last_step if factor else 0,
    )
    used = db.session.scalar(
        select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_not(None))
    )
    return hashlib.sha256(repr((*state, used)).encode()).hexdigest()[:32]


def begin(user: User) -> None:
    """Create the secret to set up an app with; it takes effect by `confirm`. Idempotent for SETUP_LASTS.

    Raises Refused when a second factor is on.
    """
    secret = encryption.encrypt(pyotp.random_base32(), _purpose(user))
    insert = upsert(SecondFactor).values(user_id=user.id, secret=secret)
    db.session.execute(insert.on_conflict_do_nothing(index_elements=["user_id"]))
    factor = _row_of(user).one()
    if factor.confirmed_at is not None:
        raise Refused("Two-factor authentication is already on. Turn it off before you set up another app.")
    if factor.updated_at < clock.now() - SETUP_LASTS:
        factor.secret = secret
    db.session.flush()


def pending_secret(user: User) -> str | None:
    """Read the secret (base32) of an app being set up; None if expired, not begun, or already on."""
    factor = db.session.get(SecondFactor, user.id)
    if factor is None or factor.confirmed_at is not None or factor.updated_at < clock.now() - SETUP_LASTS:
        return None
    return _secret(factor, user)


def setup_address(user: User, secret: str) -> str:
    """Build the otpauth:// URI for the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=settings.current().name)


def confirm(user: User, code: str) -> list[str]:
    """Turn the second factor on with a first code of the app; answers the recovery codes.

    Raises Refused for a wrong code, and when the set-up has expired.
    """
    secret = pending_secret(user)
    if secret is None:
        raise Refused("This setup has expired. Start again.")
    step = _step_of(secret, _plain(code))
    if step is None or not _use_step(user, step):
        raise WRONG
    factor = _row_of(user).one()
    if factor.confirmed_at is not None:
        raise Refused("Two-factor authentication is already on.")
    factor.confirmed_at = clock.now()
    audit.record(user, AuditAction.SECOND_FACTOR_ON, user)
    mail.second_factor_on(user, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))
    return _draw_codes(user)


def accept(user: User, code: str) -> bool:
    """Use up a code of the app or a recovery code, about which `user` is mailed; tells if it was valid."""
    typed = _plain(code)
    if _TOTP.fullmatch(typed):
        factor = db.session.get(SecondFactor, user.id)
        secret = _secret(factor, user) if factor is not None and factor.confirmed_at else None
        step = _step_of(secret, typed) if secret else None
        return step is not None and _use_step(user, step)
    return _use_recovery_code(user, typed)


def renew_codes(user: User) -> list[str]:
    """Replace the recovery codes. Raises Refused without a second factor."""
    if not is_on(user):
        raise Refused("Set up two-factor authentication first.")
    audit.record(user, AuditAction.RENEW_RECOVERY_CODES, user)
    mail.recovery_codes_renewed(user, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))
    return _draw_codes(user)


def codes_left(user: User) -> int:
    """Count the unused recovery codes."""
    unused = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(unused) or 0


def are_codes_of(user: User, codes: list[str]) -> bool:
    """Tell if all of `codes` are recovery codes of `user`, used or not."""
    hashes = {_hash(user, _plain(code)) for code in codes}
    kept = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.code_hash.in_(hashes))
    return 0 < len(codes) == len(hashes) == db.session.scalar(kept)


def remove(user: User, by: User | None) -> None:
    """Turn the second factor off and mail `user`. `by` None: from the command line.

    Raises Refused when there is none.
    """
    found = db.session.scalar(
        delete(SecondFactor).where(SecondFactor.user_id == user.id).returning(SecondFactor.confirmed_at)
    )
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    if found is None:
        raise Refused("Two-factor authentication isn’t on.")
    audit.record(by, AuditAction.SECOND_FACTOR_OFF, user)
    by_admin = by is None or by.id != user.id
    mail.second_factor_off(user, by_admin, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))
    db.session.flush()


def is_recent(user: User) -> bool:
    """Tell if the second factor of `user` was set up within RECENT."""
    since = state_of(user).since
    return since is not None and since > clock.now() - RECENT


def end_recent(user: User) -> None:
    """Remove a second factor set up within RECENT, and recovery codes drawn within it.

    For an owner who says that somebody else got in; what is older is the owner's and stays.
    """
    factor = _row_of(user).one_or_none()
    if factor is None or factor.confirmed_at is None:
        return
    since = clock.now() - RECENT
    if max(factor.confirmed_at, factor.codes_at or factor.confirmed_at) <= since:
        return
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    if factor.confirmed_at > since:
        db.session.delete(factor)
        audit.record(user, AuditAction.SECOND_FACTOR_OFF, user)
    db.session.flush()


def _draw_codes(user: User) -> list[str]:
    """Create recovery codes of 80 bits: too many to guess, so that a fast hash is enough."""
    _row_of(user).one().codes_at = clock.now()  # locked: two tabs would leave the codes of both
    codes = ["-".join(_letters(4) for _ in range(4)) for _ in range(RECOVERY_CODES)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(user, _plain(code))) for code in codes)
    db.session.flush()
    return codes


def _row_of(user: User) -> ScalarResult[SecondFactor]:
    """Lock and read the row that there may be."""
    return sql.locked(select(SecondFactor).where(SecondFactor.user_id == user.id), keys=True)


def _letters(count: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))


def _use_recovery_code(user: User, typed: str) -> bool:
    used = db.session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == _hash(user, typed),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
    )
    if used is None:
        return False
    audit.record(user, AuditAction.USE_RECOVERY_CODE, user)
    mail.recovery_code_used(user, codes_left(user), mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))
    return True


def _use_step(user: User, step: int) -> bool:
    """Use up the code of a time step unless it or a later one was used (replay protection)."""
    used = db.session.scalar(
        update(SecondFactor)
        .where(SecondFactor.user_id == user.id, SecondFactor.last_step < step)
        .values(last_step=step)
        .returning(SecondFactor.last_step)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    return used is not None


def _step_of(secret: str, code: str) -> int | None:
    """Find the time step of a code: the present one, or one before or after, as clocks differ."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    fitting = [
        step
        for step in range(now - TOLERANCE, now + TOLERANCE + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return fitting[-1] if fitting else None


def _secret(factor: SecondFactor, user: User) -> str | None:
    """Decrypt the app's secret; None when the encryption key is gone. Recovery codes still work then."""
    try:
        return encryption.decrypt(factor.secret, _purpose(user))
    except encryption.DecryptionFailed:
        return None


def _purpose(user: User) -> str:
    return f"second factor of {user.id.hex}"


def _plain(code: str) -> str:
    """Normalise a typed code: without spaces and dashes, in lower case."""
    return re.sub(r"[\s-]+", "", code).lower()[:100]


def _hash(user: User, code: str) -> str:
    return hashlib.sha256(f"{user.id.hex}:{code}".encode()).hexdigest()
