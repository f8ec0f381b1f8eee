"""View model of the faceted filters: groups of options with their counts, and chips of the active filters."""

from collections.abc import Mapping
from typing import NamedTuple

from blueprints.catalog import page_urls
from domain.base import money
from domain.catalog.cards import CatalogPage
from domain.catalog.index.facets import Facet, FacetChoice

SHOWN, MOST = 8, 60
_BY_COUNT = ("technology", "language")


class FilterOption(NamedTuple):
    """A value of a facet, and how many courses it would leave. `inner`: a subcategory."""

    value: str
    label: str
    courses: int
    on: bool
    inner: bool


class FilterGroup(NamedTuple):
    """A facet as check boxes (`many`) or radio buttons; `any_on`: none of its values is selected.

    The options behind the `first` ones are folded away, unless one of them is selected (`more_on`).
    """

    name: str
    label: str
    many: bool
    any_on: bool
    options: tuple[FilterOption, ...]
    first: int
    more_on: bool


class FilterPanel(NamedTuple):
    """The filter column: its groups, and how many courses match."""

    groups: tuple[FilterGroup, ...]
    total: int


class FilterChip(NamedTuple):
    """An active filter, and the address without it."""

    label: str
    href: str


def panel(found: CatalogPage) -> FilterPanel:
    """Build the groups that can narrow what the text finds, whatever is chosen in them or in others.

    A single value that all of it shares is left out.
    """
    words = found.selection.words
    total, counts = found.index.total(words, ()), found.index.counts(words, ())
    groups = (
        _group(found, facet, counts[facet.name])
        for facet in found.index.facets.values()
        if found.selection.values(facet.name) or any(0 < n < total for n in counts[facet.name].values())
    )
    return FilterPanel(tuple(groups), found.total)


def chips(found: CatalogPage) -> list[FilterChip]:
    """List the active filters, in the order of the groups."""
    selection, facets = found.selection, found.index.facets
    return [
        FilterChip(
            label(facets[name].by_value[value], found.index.currency),
            page_urls.selection_url(selection.without(name, value)),
        )
        for name, values in selection.chosen
        for value in values
    ]


def label(choice: FacetChoice, currency: str) -> str:
    """Format the option's label, with its amount as money."""
    if choice.cents is None:
        return choice.label
    return choice.label.format(money.short(choice.cents, currency))


def _group(found: CatalogPage, facet: Facet, unfiltered: Mapping[str, int]) -> FilterGroup:
    """Build a group. If the other filters leave nothing of it, its values stay, with no courses."""
    counts, chosen = found.counts[facet.name], found.selection.values(facet.name)
    lines = facet.lines(chosen)
    choices = [c for c in lines if c.value in chosen or counts[c.value]] or [
        c for c in lines if unfiltered.get(c.value)
    ]
    if facet.name in _BY_COUNT:
        choices.sort(key=lambda choice: -counts[choice.value])
        choices = [c for at, c in enumerate(choices) if at < MOST or c.value in chosen]
    currency = found.index.currency
    options = tuple(
        FilterOption(c.value, label(c, currency), counts[c.value], c.value in chosen, c.parent is not None)
        for c in (_nested(choices) if facet.name == "category" else choices)
    )
    first = SHOWN if len(options) > SHOWN + 1 else len(options)
    more_on = any(option.on for option in options[first:])
    return FilterGroup(facet.name, facet.label, facet.many, not chosen, options, first, more_on)


def _nested(choices: list[FacetChoice]) -> list[FacetChoice]:
    """Sort the subcategories behind their parents."""
    known = {choice.value for choice in choices}
    tops = [choice for choice in choices if choice.parent not in known]
    return [line for top in tops for line in (top, *(c for c in choices if c.parent == top.value))]
