"""The registry of analytics events: every name, what it requires, and who writes it.

`docs/events.md` is this table for operators; `tests/platform/test_event_registry.py` holds both together.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventName(StrEnum):
    """The names of events. They are stored, so none is ever renamed without a migration."""

    PAGE_VIEW = "page_view"
    CONTENT_VIEW = "content_view"
    BUNDLE_VIEW = "bundle_view"
    SEARCHED = "searched"
    SIGNED_UP = "signed_up"
    ENROLLED = "enrolled"
    LESSON_WATCHED = "lesson_watched"
    LESSON_COMPLETED = "lesson_completed"
    COURSE_COMPLETED = "course_completed"
    CART_ADDED = "cart_added"
    CART_REMOVED = "cart_removed"
    COUPON_APPLIED = "coupon_applied"
    COUPON_REFUSED = "coupon_refused"
    CHECKOUT_STARTED = "checkout_started"
    PURCHASE_COMPLETED = "purchase_completed"
    PAYMENT_FAILED = "payment_failed"
    REFUNDED = "refunded"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


class Writer(StrEnum):
    """The writer of an event.

    VISIT: a page or player, through a buffer, without a user for those who don't want to be tracked. SERVER:
    the verb that makes it happen, in its transaction and with its user.
    """

    VISIT = "visit"
    SERVER = "server"


class About(StrEnum):
    """The columns that an event fills besides its properties."""

    NOTHING = "nothing"
    COURSE = "course"
    CONTENT = "course or lesson"
    LESSON = "lesson"


@dataclass(frozen=True)
class EventDefinition:
    """A registered event and what it requires.

    `personal` names the properties that can lead to a person by themselves; besides them, every event may
    have a user, and those of visits the visitor's columns.
    """

    meaning: str
    writer: Writer = Writer.VISIT
    about: About = About.NOTHING
    properties: Mapping[str, type] = field(default_factory=dict)
    personal: tuple[str, ...] = ()


def _of_order(meaning: str) -> EventDefinition:
    """Define an event of an order: its number, the ids of its products, and minor units of a currency."""
    properties = {"order": str, "products": list, "amount_cents": int, "currency": str}
    return EventDefinition(meaning, Writer.SERVER, properties=properties, personal=("order",))


def _of_cart(meaning: str) -> EventDefinition:
    """Define an event of a line of a cart: the id of its product, and its price when it was added."""
    return EventDefinition(meaning, properties={"product": str, "amount_cents": int})


REGISTRY: dict[EventName, EventDefinition] = {
    EventName.PAGE_VIEW: EventDefinition(
        "a page was opened; `page` is its route, such as /courses/<slug>, without what stands in the address",
        properties={"page": str},
    ),
    EventName.CONTENT_VIEW: EventDefinition(
        "the page of a course or lesson was opened; `kind` says which",
        about=About.CONTENT,
        properties={"kind": str},
    ),
    EventName.BUNDLE_VIEW: EventDefinition("the page of a bundle was opened", properties={"product": str}),
    EventName.SEARCHED: EventDefinition(
        "somebody searched the catalogue and got `found` courses; letters typed on the way aren’t kept",
        properties={"query": str, "found": int},
        personal=("query",),
    ),
    EventName.SIGNED_UP: EventDefinition(
        "an account was created, `via` email or a provider such as github",
        Writer.SERVER,
        properties={"via": str},
    ),
    EventName.ENROLLED: EventDefinition("somebody was enrolled in a course", Writer.SERVER, About.COURSE),
    EventName.LESSON_WATCHED: EventDefinition(
        "a recording played for `seconds` within one minute", about=About.LESSON, properties={"seconds": int}
    ),
    EventName.LESSON_COMPLETED: EventDefinition("a lesson was completed", about=About.LESSON),
    EventName.COURSE_COMPLETED: EventDefinition("a course was completed", about=About.COURSE),
    EventName.CART_ADDED: _of_cart("a product was put into a cart"),
    EventName.CART_REMOVED: _of_cart("a product was taken out of a cart, without buying it"),
    EventName.COUPON_APPLIED: EventDefinition(
        "a code was entered and something applies: the id of the coupon that saves most, and what it saves;"
        " `entered` is the id of the code’s coupon",
        Writer.SERVER,
        properties={"coupon": str, "entered": str, "amount_cents": int, "currency": str},
    ),
    EventName.COUPON_REFUSED: EventDefinition(
        "a code was entered and refused; `reason` is the sentence that was shown, `why` its key, `coupon` the"
        " id of the code’s coupon, if there is one",
        Writer.SERVER,
        properties={"code": str, "reason": str, "why": str, "coupon": str},
        personal=("code", "reason"),
    ),
    EventName.CHECKOUT_STARTED: _of_order("an order was opened"),
    EventName.PURCHASE_COMPLETED: _of_order("an order was paid, or nothing was due"),
    EventName.PAYMENT_FAILED: _of_order("a bank payment of an order failed"),
    EventName.REFUNDED: _of_order("a refund of an order succeeded; `amount_cents` is the refund’s"),
    EventName.DISPUTE_OPENED: _of_order(
        "a bank demands the payment of an order back; `amount_cents` is what it demands"
    ),
    EventName.DISPUTE_WON: _of_order("a dispute of an order was won; `amount_cents` as above"),
    EventName.DISPUTE_LOST: _of_order("a dispute of an order was lost; `amount_cents` as above"),
}


def refuse_unregistered(
    name: str,
    writer: Writer,
    course_id: uuid.UUID | None,
    lesson_id: uuid.UUID | None,
    properties: Mapping[str, Any],
) -> None:
    """Raise ValueError for an unknown name, the wrong writer, or columns and properties that don't fit."""
    definition = REGISTRY.get(name)  # type: ignore[call-overload]
    if definition is None:
        raise ValueError(f"there is no event {name!r}; register it in domain/platform/event_registry.py")
    if definition.writer != writer:
        raise ValueError(f"{name} is written by the {definition.writer}, not by the {writer}")
    if not _fills(definition.about, course_id, lesson_id):
        raise ValueError(f"{name} is about: {definition.about}")
    if {key: type(value) for key, value in properties.items()} != definition.properties:
        raise ValueError(f"{name} requires {dict(definition.properties)}, not {properties}")


def _fills(about: About, course_id: uuid.UUID | None, lesson_id: uuid.UUID | None) -> bool:
    if about == About.NOTHING:
        return course_id is None and lesson_id is None
    if about == About.COURSE:
        return course_id is not None and lesson_id is None
    return course_id is not None and (about == About.CONTENT or lesson_id is not None)
