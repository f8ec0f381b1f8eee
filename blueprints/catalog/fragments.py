"""Fragments that are remembered: a card looks the same wherever and whenever it shows the same values."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup

from blueprints.catalog import catalog

# A card is about 1.5 kB, a column of filters or a table of contents 8 kB. A large shop shows many thousand
# cards in a day, and to render one takes longer than to read it.
KEPT_CARDS = 16_384
KEPT_FILTERS = 512
KEPT_CONTENTS = 512


@catalog.app_template_global()
def course_cards(cards: Iterable[Any], at_once: int = 0) -> Markup:
    """The cards of courses, one after the other; each is a tuple of all that the card shows.

    The covers of the first `at_once` are fetched with the page, the others when they come into sight.
    """
    show = _remembered("cards", "shared/_course_card.html", "card", KEPT_CARDS)
    return Markup("").join(
        show(card._replace(eager=True) if place < at_once else card) for place, card in enumerate(cards)
    )


@catalog.app_template_global()
def filter_list(column: Any) -> Markup:
    """The column of filters; `column` is tuples all the way down."""
    return _remembered("filters", "catalog/_filters.html", "column", KEPT_FILTERS)(column)


@catalog.app_template_global()
def curriculum(contents: Any) -> Markup:
    """A course's table of contents; `contents` is tuples all the way down."""
    return _remembered("contents", "catalog/course/_curriculum.html", "contents", KEPT_CONTENTS)(contents)


def _remembered(kind: str, template: str, name: str, kept: int) -> Callable[[Any], Markup]:
    """What renders `template` with a value called `name`, or answers what it gave for the same value.

    Whoever edits templates sees their changes: then nothing is remembered.
    """
    renders: dict[str, Callable[[Any], Markup]] = current_app.extensions.setdefault(
        "lectern_cache_fragments", {}
    )
    if kind not in renders:
        environment = current_app.jinja_env

        def render(value: Any) -> Markup:
            return Markup(environment.get_template(template).render({name: value}))  # noqa: S704

        renders[kind] = render if environment.auto_reload else lru_cache(kept)(render)
    return renders[kind]
