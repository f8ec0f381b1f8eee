"""Declarations of API operations: path, parameters, kind of response, and handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import listing
from .expansion import Tree
from .parameters import Group, Rows, Shape, Text
from .store import Body

if TYPE_CHECKING:
    from .engine import Sandbox


@dataclass(frozen=True)
class Call:
    """An API request: parsed parameters, ids from the path, expansions, and its origin.

    `account` is the connected account in whose name it is made, "" for our own.
    """

    sandbox: Sandbox
    path: str
    params: Body
    ids: dict[str, str]
    tree: Tree
    request: Body
    base_url: str
    faults: frozenset[str] = field(default=frozenset())
    account: str = ""

    def list(self, kind: str, *filters: str) -> Body:
        """List a page of `kind`, filtered by those of the named parameters that were sent."""
        chosen = {name: self.params[name] for name in filters if name in self.params}
        return listing.page(self.sandbox, kind, self.path, self.params, chosen, self.tree)

    def emit(self, type: str, body: Body, previous: Body | None = None) -> Body:
        """Emit an event caused by this call."""
        return self.sandbox.emit(type, body, previous, self.request)


Work = Callable[[Call], Body]


@dataclass(frozen=True)
class Endpoint:
    """An API operation.

    `rule` is a Flask rule, `kind` what `expand` starts from; `work` returns the object or list.
    `connected` operations are also answered in the name of a connected account.
    """

    method: str
    rule: str
    takes: Group
    kind: str
    work: Work
    listed: bool = False
    connected: bool = False


def takes(*needs: str, **fields: Shape) -> Group:
    """Declare the parameters of an operation on one object: `needs` are required, `expand` is optional."""
    return Group({**fields, "expand": Rows(Text())}, needs)


def pages(dated: bool = True, **filters: Shape) -> Group:
    """Declare the parameters of a list: its filters, the cursors and, where the kind has one, `created`."""
    return Group({**(listing.DATED if dated else listing.PAGE), **filters})
