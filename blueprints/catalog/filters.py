"""How the filters are shown: the groups with their choices and counts, and the chips of what is chosen."""

from typing import NamedTuple

from blueprints.catalog import addresses
from domain.catalog.cards import Found
from domain.catalog.index.facets import Choice, Facet
from web import filters

LONGEST_LIST = 10
_BY_COUNT = ("technology", "language")


class Option(NamedTuple):
    """A choice with how many courses it would show. `inner`: a subcategory."""

    value: str
    label: str
    courses: int
    on: bool
    inner: bool


class Group(NamedTuple):
    """A facet as a group of check boxes (`many`) or radio buttons; `any_on`: nothing of it is chosen."""

    name: str
    label: str
    many: bool
    any_on: bool
    options: tuple[Option, ...]


class Column(NamedTuple):
    """The filters as they stand, and how many courses they leave."""

    groups: tuple[Group, ...]
    total: int


class Chip(NamedTuple):
    """Something chosen, and the address without it."""

    label: str
    href: str


def column(found: Found) -> Column:
    """The groups that have anything to choose: a single choice that every course shares says nothing."""
    shown = (_group(found, facet) for facet in found.index.facets.values())
    telling = (group for group in shown if any(o.on or o.courses < found.total for o in group.options))
    return Column(tuple(telling), found.total)


def chips(found: Found) -> list[Chip]:
    """What was chosen, in the order of the filters."""
    selection, facets = found.selection, found.index.facets
    return [
        Chip(
            label(facets[name].by_value[value], found.index.currency),
            addresses.of(selection.without(name, value)),
        )
        for name, values in selection.chosen
        for value in values
    ]


def label(choice: Choice, currency: str) -> str:
    """The choice's name, with its amount as money."""
    if choice.cents is None:
        return choice.label
    return choice.label.format(filters.money(choice.cents, currency).removesuffix(".00"))


def _group(found: Found, facet: Facet) -> Group:
    counts, chosen = found.counts[facet.name], found.selection.values(facet.name)
    choices = [c for c in facet.lines(chosen) if c.value in chosen or counts[c.value]]
    if facet.name in _BY_COUNT:
        choices.sort(key=lambda choice: -counts[choice.value])
        choices = [c for at, c in enumerate(choices) if at < LONGEST_LIST or c.value in chosen]
    currency = found.index.currency
    options = tuple(
        Option(c.value, label(c, currency), counts[c.value], c.value in chosen, c.parent is not None)
        for c in (_nested(choices) if facet.name == "category" else choices)
    )
    return Group(facet.name, facet.label, facet.many, not chosen, options)


def _nested(choices: list[Choice]) -> list[Choice]:
    """Each category followed by those below it."""
    known = {choice.value for choice in choices}
    tops = [choice for choice in choices if choice.parent not in known]
    return [line for top in tops for line in (top, *(c for c in choices if c.parent == top.value))]
