"""Fragment cache: cards, filters and tables of contents are rendered once for equal values."""

import uuid
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from blueprints.catalog import bp
from domain.learning import library
from web import cart_cookie, fragment_cache, signed_in

# A card is about 1.5 kB, a column of filters or a table of contents 8 kB. A large shop shows many thousand
# cards a day, and rendering one costs far more than a look-up.
KEPT_CARDS = 16_384
KEPT_FILTERS = 512
KEPT_CONTENTS = 512


@bp.app_template_global()
def course_cards(cards: Iterable[Any], owned: dict[uuid.UUID, int], at_once: int = 0) -> Markup:
    """Render course cards; each is a tuple of everything that the card shows, which is the cache key.

    The first `at_once` load their covers eagerly, the others lazily. What the reader has, as in
    `owned_by_reader`, shows their progress instead of its price.
    """
    cards = _for_reader(cards, owned)
    show = fragment_cache.remembered("cards", "shared/_course_card.html", "card", KEPT_CARDS)
    return Markup("").join(
        show(card._replace(eager=True) if place < at_once else card) for place, card in enumerate(cards)
    )


def _for_reader(cards: Iterable[Any], owned: dict[uuid.UUID, int]) -> list[Any]:
    """Say on the cards what the reader has, and what is in their cart."""
    user = signed_in.reader()
    if user is not None and user.opens_every_course:
        cards = [card._replace(cart="") for card in cards]
    elif in_cart := cart_cookie.product_ids():
        cards = [card._replace(cart="in") if card.id in in_cart else card for card in cards]
    return [card._replace(owned=owned[card.id]) if card.id in owned else card for card in cards]


def owned_by_reader(cards: Iterable[Any]) -> dict[uuid.UUID, int]:
    """Find what the reader has of the products on `cards`, with their progress in percents; one query."""
    user = signed_in.reader()
    return library.owned(user, [card.id for card in cards]) if user is not None else {}


@bp.app_template_global()
def filter_list(column: Any) -> Markup:
    """Render the filter column; `column` is nested tuples, hashable as a cache key."""
    return fragment_cache.remembered("filters", "catalog/_filters.html", "column", KEPT_FILTERS)(column)


@bp.app_template_global()
def curriculum(contents: Any) -> Markup:
    """Render a table of contents; `contents` is nested tuples, hashable as a cache key."""
    return fragment_cache.remembered(
        "contents", "catalog/course/_curriculum.html", "contents", KEPT_CONTENTS
    )(contents)
