"""Coupons are made, changed, stopped, prolonged and duplicated, by creators for what they sell and by admins.

A batch of single-use codes is changed as one: every verb takes its first coupon and changes all of them.
"""

from datetime import date
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from domain import Refused
from domain.base import clock, sql
from domain.coupons import codes, rules
from domain.coupons.candidates import HELD
from domain.coupons.rules import CouponInput
from domain.platform import audit, last_days, settings
from domain.platform.audit_actions import AuditAction
from models import Coupon, CouponRedemption, CouponScope, User, db

TAKEN = "There is a coupon with this code already. Choose another."


def create(actor: User, owner: User | None, values: CouponInput) -> Coupon:
    """Make a coupon of `owner` (None: the shop's), or a batch of them; answers the first.

    Raises Refused with its field.
    """
    columns = _columns(owner, values)
    rows = [{"id": uuid7(), **columns, "code": code} for code in _codes(values)]
    if values.count > 1:
        rows = [{**row, "batch_id": rows[0]["id"], "max_uses": 1, "per_user_limit": None} for row in rows]
    now = clock.now()
    try:
        with db.session.begin_nested():
            db.session.execute(
                insert(Coupon), [{**row, "created_at": now, "updated_at": now} for row in rows]
            )
    except IntegrityError as error:
        raise Refused(TAKEN, "code") from error
    made = db.session.get_one(Coupon, rows[0]["id"])
    audit.record(actor, AuditAction.CREATE_COUPON, made, _note(made, values.count))
    return made


def lock(coupon: Coupon) -> None:
    """Lock a coupon before its form is filled: of two who save at once, one is asked."""
    sql.lock(coupon)


def change(actor: User, coupon: Coupon, values: CouponInput) -> None:
    """Change the rules from now on; orders keep the discount they were opened with.

    A batch keeps its codes, and each of them its one use. Raises Refused with its field.
    """
    sql.lock(coupon)
    owner = db.session.get_one(User, coupon.owner_id) if coupon.owner_id is not None else None
    columns = _columns(owner, values)
    if coupon.batch_id is not None:
        columns = {name: value for name, value in columns.items() if name not in _OF_EACH_CODE}
    else:
        columns["code"] = None if values.automatic else _code(values.code or coupon.code or "")
        _refuse_fewer_uses(coupon, values.max_uses)
    try:
        with db.session.begin_nested():
            _update(coupon, columns)
    except IntegrityError as error:
        raise Refused(TAKEN, "code") from error
    audit.record(actor, AuditAction.CHANGE_COUPON, coupon, coupon.label)


def stop(actor: User, coupon: Coupon) -> None:
    """Let nobody use it any more; checkouts that have reserved it may still be paid. Idempotent."""
    _set_active(actor, coupon, False, AuditAction.STOP_COUPON)


def start(actor: User, coupon: Coupon) -> None:
    """Let it be used again. Idempotent."""
    _set_active(actor, coupon, True, AuditAction.START_COUPON)


def prolong(actor: User, coupon: Coupon, last_day: date | None) -> None:
    """Set its last day, or none: later to prolong it, earlier to end it sooner. Raises Refused."""
    sql.lock(coupon)
    first = last_days.first_day(coupon.valid_from) if coupon.valid_from is not None else None
    rules.check_days(first, last_day)
    _update(coupon, {"valid_until": last_days.end_of(last_day) if last_day else None})
    audit.record(actor, AuditAction.PROLONG_COUPON, coupon, f"{coupon.label}: {last_day or 'without an end'}")


def duplicate(actor: User, coupon: Coupon) -> Coupon:
    """Copy its rules under a new code, without dates and uses; the copy is stopped until it is started."""
    copied = {name: getattr(coupon, name) for name in _COPIED}
    made = Coupon(**copied, active=False, code=None if coupon.automatic else codes.draw())
    db.session.add(made)
    db.session.flush()
    audit.record(actor, AuditAction.CREATE_COUPON, made, f"{made.label}, like {coupon.label}")
    return made


_OF_EACH_CODE = ("code", "automatic", "max_uses", "per_user_limit")
_COPIED = (
    "owner_id", "name", "automatic", "kind", "value", "scope", "product_id", "category_id", "creator_id",
    "borne_by", "min_order_cents", "max_uses", "per_user_limit", "first_purchase_only",
)  # fmt: skip


def members(coupon: Coupon) -> Any:
    """Build the condition of a coupon's rows: itself, or all of its batch."""
    if coupon.batch_id is None:
        return Coupon.id == coupon.id
    return Coupon.batch_id == coupon.batch_id


def _columns(owner: User | None, values: CouponInput) -> dict[str, Any]:
    """Check the rules and give them as columns, without the code."""
    currency = settings.current().currency
    rules.check(values, owner, currency)
    of_scope = {
        "product_id": values.product_id if values.scope == CouponScope.PRODUCT else None,
        "category_id": values.category_id if values.scope == CouponScope.CATEGORY else None,
        "creator_id": values.creator_id if values.scope == CouponScope.CREATOR else None,
    }
    return of_scope | {
        "owner_id": owner.id if owner is not None else None,
        "name": values.name,
        "automatic": values.automatic,
        "kind": values.kind,
        "value": values.value,
        "scope": values.scope,
        "borne_by": values.borne_by,
        "min_order_cents": values.min_order_cents,
        "max_uses": values.max_uses,
        "per_user_limit": values.per_user_limit,
        "first_purchase_only": values.first_purchase_only,
        "valid_from": last_days.start_of(values.first_day) if values.first_day else None,
        "valid_until": last_days.end_of(values.last_day) if values.last_day else None,
    }


def _codes(values: CouponInput) -> list[str | None]:
    if values.automatic:
        return [None]
    if values.count == 1:
        return [_code(values.code) if values.code else codes.draw()]
    prefix = _code(values.code, codes.LONGEST - codes.DRAWN - 1) if values.code else ""
    found: set[str] = set()
    while len(found) < values.count:
        found.add(codes.draw(prefix))
    return [*sorted(found)]


def _code(typed: str, longest: int = codes.LONGEST) -> str:
    code = codes.read(typed)
    if code is None or len(code) > longest:
        raise Refused(f"Use {codes.SHORTEST} to {longest} letters from A to Z, digits and hyphens.", "code")
    return code


def _refuse_fewer_uses(coupon: Coupon, most: int | None) -> None:
    held = select(func.count()).where(
        CouponRedemption.coupon_id == coupon.id, CouponRedemption.state.in_(HELD)
    )
    used = db.session.scalar(held) or 0
    if most is not None and most < used:
        raise Refused(f"It was used {used} times already. Enter that or more, or stop it.", "max_uses")


def _set_active(actor: User, coupon: Coupon, active: bool, action: AuditAction) -> None:
    sql.lock(coupon)
    if coupon.active != active:
        _update(coupon, {"active": active})
        audit.record(actor, action, coupon, coupon.label)


def _update(coupon: Coupon, columns: dict[str, Any]) -> None:
    db.session.execute(update(Coupon).where(members(coupon)).values(**columns, updated_at=clock.now()))
    sql.reload(coupon)


def _note(coupon: Coupon, count: int) -> str:
    return coupon.label if count == 1 else f"{count} codes, such as {coupon.label}"
