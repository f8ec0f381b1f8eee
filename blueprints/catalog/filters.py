"""View model of the faceted filters: groups of options with their counts, and chips of the active filters."""

from typing import NamedTuple

from blueprints.catalog import page_urls
from domain.base import money
from domain.catalog.cards import CatalogPage
from domain.catalog.index.facets import Facet, FacetChoice

LONGEST_LIST = 10
_BY_COUNT = ("technology", "language")


class FilterOption(NamedTuple):
    """A value of a facet, and how many courses it would leave. `inner`: a subcategory."""

    value: str
    label: str
    courses: int
    on: bool
    inner: bool


class FilterGroup(NamedTuple):
    """A facet as check boxes (`many`) or radio buttons; `any_on`: none of its values is selected."""

    name: str
    label: str
    many: bool
    any_on: bool
    options: tuple[FilterOption, ...]


class FilterPanel(NamedTuple):
    """The filter column: its groups, and how many courses match."""

    groups: tuple[FilterGroup, ...]
    total: int


class FilterChip(NamedTuple):
    """An active filter, and the address without it."""

    label: str
    href: str


def panel(found: CatalogPage) -> FilterPanel:
    """Build the groups that can narrow the result: a single value that every course shares is left out."""
    shown = (_group(found, facet) for facet in found.index.facets.values())
    telling = (group for group in shown if any(o.on or o.courses < found.total for o in group.options))
    return FilterPanel(tuple(telling), found.total)


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


def _group(found: CatalogPage, facet: Facet) -> FilterGroup:
    counts, chosen = found.counts[facet.name], found.selection.values(facet.name)
    choices = [c for c in facet.lines(chosen) if c.value in chosen or counts[c.value]]
    if facet.name in _BY_COUNT:
        choices.sort(key=lambda choice: -counts[choice.value])
        choices = [c for at, c in enumerate(choices) if at < LONGEST_LIST or c.value in chosen]
    currency = found.index.currency
    options = tuple(
        FilterOption(c.value, label(c, currency), counts[c.value], c.value in chosen, c.parent is not None)
        for c in (_nested(choices) if facet.name == "category" else choices)
    )
    return FilterGroup(facet.name, facet.label, facet.many, not chosen, options)


def _nested(choices: list[FacetChoice]) -> list[FacetChoice]:
    """Sort the subcategories behind their parents."""
    known = {choice.value for choice in choices}
    tops = [choice for choice in choices if choice.parent not in known]
    return [line for top in tops for line in (top, *(c for c in choices if c.parent == top.value))]
