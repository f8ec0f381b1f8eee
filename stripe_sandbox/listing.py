"""Lists, newest first, with cursors (keyset pagination), so that new rows never shift a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import missing_object
from .expansion import Tree, present
from .parameters import Rows, Shape, Text, When, Whole
from .store import Body

if TYPE_CHECKING:
    from .engine import Sandbox

PAGE: dict[str, Shape] = {
    "limit": Whole(1, 100),
    "starting_after": Text(),
    "ending_before": Text(),
    "expand": Rows(Text()),
}
DATED: dict[str, Shape] = {**PAGE, "created": When()}
OPERATORS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def conditions(filters: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Build SQL for `{"customer": "cus_1", "created": {"gte": 5}, "type": ["a", "b.*"]}`."""
    clauses: list[str] = []
    values: list[Any] = []
    for name, wanted in filters.items():
        column = f"json_extract(body, '$.{name}')"
        if isinstance(wanted, dict):
            for op, bound in wanted.items():
                clauses.append(f"{column} {OPERATORS[op]} ?")
                values.append(bound)
        elif isinstance(wanted, list):
            clauses.append("(" + " OR ".join([f"{column} GLOB ?"] * len(wanted)) + ")" if wanted else "0")
            values.extend(wanted)
        else:
            clauses.append(f"{column} = ?")
            values.append(wanted)
    return clauses, values


def page(sandbox: Sandbox, kind: str, url: str, params: Body, filters: dict[str, Any], tree: Tree) -> Body:
    """List a page of a kind as the API shows it, see `rows`."""
    found = rows(sandbox, kind, url, params, filters)
    return {**found, "data": [present(sandbox, body, tree) for body in found["data"]]}


def rows(sandbox: Sandbox, kind: str, url: str, params: Body, filters: dict[str, Any]) -> Body:
    """List a page of a kind as Stripe's list object, with the objects as they are stored.

    `params` may hold `limit`, `starting_after`, `ending_before`; `filters` is as for `conditions`. An unknown
    cursor is a 404 StripeError.
    """
    clauses, values = conditions(filters)
    clauses.insert(0, "kind = ?")
    values.insert(0, kind)
    backwards = "ending_before" in params
    for cursor, comparison in (("starting_after", "<"), ("ending_before", ">")):
        if cursor in params:
            position = sandbox.store.position(kind, params[cursor])
            if position is None:
                raise missing_object(kind, params[cursor], cursor)
            clauses.append(f"seq {comparison} ?")
            values.append(position)
    limit = params.get("limit", 10)
    sql = (
        f"SELECT body FROM objects WHERE {' AND '.join(clauses)} "
        f"ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT ?"
    )
    found = sandbox.store.run(sql, (*values, limit + 1))
    bodies = [json.loads(row["body"]) for row in found[:limit]]
    if backwards:
        bodies.reverse()
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": bodies}


def cut(rows: list[Body], kind: str, params: Body) -> tuple[list[Body], bool]:
    """Cut a page out of rows with their own order (a session's items); returns it and whether more follow."""
    limit = params.get("limit", 10)
    places = {row["id"]: place for place, row in enumerate(rows)}
    for cursor in ("starting_after", "ending_before"):
        if cursor in params and params[cursor] not in places:
            raise missing_object(kind, params[cursor], cursor)
    if "ending_before" in params:
        rows = rows[: places[params["ending_before"]]]
        return rows[-limit:], len(rows) > limit
    if "starting_after" in params:
        rows = rows[places[params["starting_after"]] + 1 :]
    return rows[:limit], len(rows) > limit
