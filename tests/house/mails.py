"""Every letter that the shop can write, from the functions of `mail` themselves."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import mail
from domain import Refused
from domain.gifts import mailing
from models import (
    Cart,
    Course,
    Dispute,
    EmailMessage,
    Gift,
    NotificationKind,
    Order,
    RefundRequest,
    StripeEvent,
    User,
    Withdrawal,
    db,
)
from tests.house.frozen import entropy
from tests.house.shop import Shop

# What a parameter of this name is given, each in turn; the rows are added by `_values`.
VALUES: dict[str, tuple[Any, ...]] = {
    "to": ("desk@example.com",),
    "token": ("a-token",),
    "way_back": ("/courses?q=flask", "/"),
    "removed": (["GitHub", "Google"], []),
    "provider": ("GitHub",),
    "by_admin": (True, False),
    "invoice": ("INV-2026-000001", ""),
    "left": (1, 7),
    "new_email": ("bo.new@example.com",),
    "old_email": ("bo.old@example.com",),
    "sentence": ("The amounts don’t agree.",),
    "payment": ("pi_test", ""),
    "headline": ("Teaches <the> web",),
    "reason": ("It is too short.\n\nTry again.",),
    "kind": (NotificationKind.REFUND.value,),
    "topic": ("refunds",),
    "title": ("Sent back",),
    "message": ("We sent back what you paid.", ""),
    "path": ("/orders/LN-TEST-0001", ""),
    "page": ("/courses/flask-first-steps",),
    "label": ("See the order", ""),
    "key": ("a-key", None),
    "ends": (datetime(2027, 5, 1, tzinfo=UTC),),
    "saved": ("50% off",),
    "titles": (["Flask, first steps", "Reading code"], ["Reading code"]),
    "more": (3, 0),
    "locks": ((), ["Opens after you finish “Reading code”."]),
    "lock": (None, ("Opens after you finish “Reading code”.", ("See it", "/courses/reading-code"))),
    "refund": (None, ("Ask for a refund within 30 days.", "/orders/LN-TEST-0001/refund")),
    "consents": (["I want to start right away."], ()),
    "withdraw": ("/withdraw?order=LN-TEST-0001", ""),
    "stop": ("a-token",),
    "sender": ("Bo",),
    "noun": ("course",),
    "state": (("Needs an answer", "The bank has taken the money."),),
    "due": ("7 December 2026, 12:00 UTC", ""),
    "url": ("http://localhost/gifts/claim/a-token",),
    "expires_at": (datetime(2027, 5, 1, tzinfo=UTC), None),
}

ROWS = (
    "user",
    "course",
    "product",
    "order",
    "landings",
    "event",
    "gift",
    "cart",
    "request",
    "requests",
    "withdrawal",
    "dispute",
)  # what `_values` adds


def every(shop: Shop) -> Iterator[tuple[str, list[str]]]:
    """Write every letter to somebody known and to somebody unproved; answers name and words of each.

    Raises AssertionError when a template has no letter, KeyError when a function asks for a new value.
    """
    written: set[str] = set()
    for name, write in sorted(functions().items()):
        for turn in range(2):
            shop.restore()
            entropy.begin(f"letter {name} {turn}")
            with shop.app.test_request_context("/", method="POST"):  # a GET writes nothing
                values = VALUES | _values()
                given = {
                    key: values[key][turn % len(values[key])] for key in inspect.signature(write).parameters
                }
                try:
                    made = write(**given)
                except Refused as refusal:  # marketing, to somebody unproved
                    yield f"{name}-{turn}", [refusal.sentence]
                    continue
                rows = [made] if isinstance(made, EmailMessage) else list(made)
                written.update(row.template for row in rows)
                for row in rows:
                    row.condition = None  # it is sent, whatever holds here
                db.session.commit()
            told = [shop.command("worker", "--once")]
            yield f"{name}-{turn}", [*told, *shop.traces("rows", shop.before)]
    loader = shop.app.jinja_env.list_templates(filter_func=lambda name: name.startswith("mail/"))
    there = {name.split("/")[1] for name in loader if name.endswith("/subject.txt")}
    assert there == written, f"no letter for {there - written}, no template for {written - there}"


def functions() -> dict[str, Callable[..., Any]]:
    """The functions of `mail`, a module or a package, that write one message (or some)."""
    parts = [
        importlib.import_module(f"mail.{info.name}")
        for info in pkgutil.iter_modules(getattr(mail, "__path__", []))
    ]
    found = {}
    for name, function in [
        pair for module in (mail, *parts) for pair in inspect.getmembers(module, inspect.isfunction)
    ]:
        writes = "EmailMessage" in str(inspect.signature(function).return_annotation)
        if writes and not name.startswith("_") and function.__module__.partition(".")[0] == "mail":
            found[name] = function
    found.pop("compose", None)
    return found


def _values() -> dict[str, tuple[Any, ...]]:
    def one(model: Any, **by: Any) -> Any:
        return db.session.scalars(db.select(model).filter_by(**by)).one()

    users = (one(User, email="bo@example.com"), one(User, email="una@example.com"))
    course = one(Course, slug="flask-first-steps")
    orders = db.select(Order).where(Order.number == "LN-TEST-0001")
    orders = orders.options(db.selectinload(Order.purchases), db.selectinload(Order.user))
    order = db.session.scalars(orders).one()
    asked = db.session.scalars(
        db.select(RefundRequest).options(db.selectinload(RefundRequest.purchase))
    ).one()
    declared = db.session.scalars(db.select(Withdrawal).where(Withdrawal.order_id.is_not(None))).one()
    gift = mailing.loaded(one(Gift, recipient="zoe@example.com"))
    event = one(StripeEvent, id="evt_staged")
    rows = (
        users,
        (course,),
        (course,),
        (order,),
        ([("Start learning", "/learn/flask-first-steps")],),
        (event,),
        (gift,),
        (one(Cart),),
        (asked,),
        ([asked],),
        (declared,),
        (one(Dispute),),
    )
    return dict(zip(ROWS, rows, strict=True))
