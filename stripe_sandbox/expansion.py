"""`expand[]`: replaces ids by the objects they refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .engine import shown
from .errors import StripeError
from .store import Body

if TYPE_CHECKING:
    from .engine import Sandbox

DEEPEST = 4
Tree = dict[str, Any]

# kind -> field -> kind of what it refers to; `x[]` is a list that only appears when expanded,
# `=x` an object that is always there, `~` a value that only appears when expanded, `*` anything with an id
# of its own.
LINKS: dict[str, dict[str, str]] = {
    "checkout.session": {"customer": "customer", "payment_intent": "payment_intent", "line_items": "item[]"},
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
    },
    "payment_method": {"customer": "customer"},
    "charge": {
        "customer": "customer",
        "payment_intent": "payment_intent",
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
        "refunds": "refund[]",
    },
    "refund": {
        "charge": "charge",
        "payment_intent": "payment_intent",
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "radar.early_fraud_warning": {"charge": "charge", "payment_intent": "payment_intent"},
    "transfer": {"balance_transaction": "balance_transaction", "source_transaction": "charge"},
    "transfer_reversal": {"balance_transaction": "balance_transaction", "transfer": "transfer"},
    "payout": {
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
    },
    "balance_transaction": {"source": "*"},
    "item": {"price": "=price", "taxes": "~"},
    "price": {"product": "product"},
}

# The kind of an object by the first letters of its id.
KINDS = {
    "ch": "charge",
    "py": "charge",
    "re": "refund",
    "dp": "dispute",
    "po": "payout",
    "tr": "transfer",
    "trr": "transfer_reversal",
}


def tree_of(paths: list[str], listed: bool = False) -> Tree:
    """Parse expansions: `["a.b", "a.c"]` becomes `{"a": {"b": {}, "c": {}}}`.

    In lists each begins with `data.`.
    """
    tree: Tree = {}
    for path in paths:
        parts = path.split(".")
        if listed:
            if parts[0] != "data" or len(parts) < 2:
                raise cannot_expand(path, f" You may want to try expanding 'data.{path}' instead.")
            parts = parts[1:]
        if len(parts) > DEEPEST:
            raise StripeError(
                f"You cannot expand more than {DEEPEST} levels of a property.",
                param="expand",
                before_start=True,
            )
        node = tree
        for part in parts:
            node = node.setdefault(part, {})
    return tree


def cannot_expand(path: str, hint: str = "") -> StripeError:
    """Build the 400 for a property that holds no reference."""
    return StripeError(f"This property cannot be expanded ({path}).{hint}", param="expand", before_start=True)


def check(kind: str, tree: Tree) -> None:
    """Raise StripeError unless every path can be expanded on this kind of object."""
    for name, below in tree.items():
        target = LINKS.get(kind, {}).get(name)
        if target is None:
            raise cannot_expand(name)
        if target.endswith("[]"):
            if set(below) - {"data"}:
                raise cannot_expand(f"{name}.{next(iter(below))}")
            check(target[:-2], below.get("data", {}))
        elif target != "*":
            check(target.lstrip("=~"), below)


def present(sandbox: Sandbox, body: Body, tree: Tree | None = None) -> Body:
    """Build the API's view of an object, with the expansions in `tree`."""
    answer = shown(body)
    kind = answer["object"]
    if kind == "balance_transaction":
        answer["status"] = "available" if answer["available_on"] <= sandbox.now() else "pending"
    if kind == "event":
        answer["pending_webhooks"] = sandbox.webhooks.outstanding(answer["id"])
    for name, below in (tree or {}).items():
        answer[name] = follow(sandbox, body, name, below)
    return answer


def follow(sandbox: Sandbox, body: Body, name: str, below: Tree) -> Any:
    """Expand the field `name`: a list, an object by its id, or None."""
    target = LINKS[body["object"]][name]
    if target.endswith("[]"):
        rows = members(sandbox, body, name)
        data = [present(sandbox, row, below.get("data")) for row in rows[:10]]
        return {"object": "list", "data": data, "has_more": len(rows) > 10, "url": url_of(body, name)}
    if target == "~":
        return body.get(f"_{name}")
    value = body.get(name)
    if isinstance(value, dict):
        return present(sandbox, value, below)
    if not isinstance(value, str):
        return None
    if target == "*":
        target = KINDS[value.partition("_")[0]]
        check(target, below)
    found = sandbox.store.find(target, value)
    return present(sandbox, found, {} if found.get("deleted") else below) if found else value


def members(sandbox: Sandbox, body: Body, name: str) -> list[Body]:
    """Return the rows of an inner list: a session's items in order, a charge's refunds newest first."""
    if name == "line_items":
        return list(body["_line_items"])
    return [refund for refund in reversed(sandbox.store.all("refund")) if refund["charge"] == body["id"]]


def url_of(body: Body, name: str) -> str:
    """Build the URL that lists the rest of an inner list."""
    if name == "line_items":
        return f"/v1/checkout/sessions/{body['id']}/line_items"
    return f"/v1/charges/{body['id']}/refunds"
