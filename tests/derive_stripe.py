"""Deriving schemas of Stripe's API from the types that Stripe generates into its Python library.

    python -m tests.derive_stripe > tests/data/stripe-2026-10-28.endive-connect.json

A resource class becomes the schema of an answer, a TypedDict of parameters that of a request, a method of
a service its address. `OPERATIONS` and `TRIMMED` say what is taken; nothing is written by hand except what
`by_hand` adds. `tests/data/README.md` says which file came from where.
"""

from __future__ import annotations

import ast
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import stripe

LIBRARY = Path(stripe.__file__).parent
VERSION = "2026-10-28.endive"
Schema = dict[str, Any]

# Module and class of each object; the name is its OBJECT_NAME.
OBJECTS = {
    "v2.core.account": ("v2/core/_account.py", "Account"),
    "v2.core.account_link": ("v2/core/_account_link.py", "AccountLink"),
    "v2.core.event": ("v2/core/_event.py", "Event"),
    "radar.early_fraud_warning": ("radar/_early_fraud_warning.py", "EarlyFraudWarning"),
}
ACCOUNTS, ACCOUNT, PARAMS = "/v2/core/accounts", "/v2/core/accounts/{id}", "params/v2/core/_account"
# Method, address, module and class of the parameters, object of the answer ("[]" behind it: a list of them).
OPERATIONS = (
    ("get", ACCOUNTS, f"{PARAMS}_list_params.py", "AccountListParams", "v2.core.account[]"),
    ("post", ACCOUNTS, f"{PARAMS}_create_params.py", "AccountCreateParams", "v2.core.account"),
    ("get", ACCOUNT, f"{PARAMS}_retrieve_params.py", "AccountRetrieveParams", "v2.core.account"),
    ("post", ACCOUNT, f"{PARAMS}_update_params.py", "AccountUpdateParams", "v2.core.account"),
    ("post", f"{ACCOUNT}/close", f"{PARAMS}_close_params.py", "AccountCloseParams", "v2.core.account"),
    ("post", "/v2/core/account_links", f"{PARAMS}_link_create_params.py", "AccountLinkCreateParams",
     "v2.core.account_link"),
    ("get", "/v2/core/events/{id}", "params/v2/core/_event_retrieve_params.py", "EventRetrieveParams",
     "v2.core.event"),
    ("get", "/v1/radar/early_fraud_warnings", "params/radar/_early_fraud_warning_list_params.py",
     "EarlyFraudWarningListParams", "radar.early_fraud_warning[]"),
    ("get", "/v1/radar/early_fraud_warnings/{early_fraud_warning}",
     "params/radar/_early_fraud_warning_retrieve_params.py", "EarlyFraudWarningRetrieveParams",
     "radar.early_fraud_warning"),
)  # fmt: skip
EVENTS = ("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
# Members that are left out: any object passes in their place.
TRIMMED = frozenset(
    (
        "AccountCreateParamsConfiguration.customer", "AccountCreateParamsConfiguration.merchant",
        "AccountCreateParamsIdentity.attestations", "AccountCreateParamsIdentity.business_details",
        "AccountCreateParamsIdentity.individual", "AccountUpdateParamsConfiguration.customer",
        "AccountUpdateParamsConfiguration.merchant", "AccountUpdateParamsIdentity.attestations",
        "AccountUpdateParamsIdentity.business_details", "AccountUpdateParamsIdentity.individual",
        "Configuration.customer", "Configuration.merchant", "Identity.attestations",
        "Identity.business_details", "Identity.individual",
    )
)  # fmt: skip
PLAIN = {"str": "string", "int": "integer", "bool": "boolean", "float": "number", "Decimal": "string"}
OPTIONS = frozenset(("RequestOptions", "TypedDict", "StripeObject"))


class Module:
    """The classes of one module of the library, by name."""

    def __init__(self, place: str) -> None:
        self.tree = ast.parse((LIBRARY / place).read_text())
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def schema(self, name: str, closed: bool) -> Schema:
        """Derive the schema of a class; `closed` marks requests, whose unknown parameters are refused."""
        return self.members(self.classes[name], {}, closed)

    def members(self, node: ast.ClassDef, around: dict[str, ast.ClassDef], closed: bool) -> Schema:
        """Derive the schema of an object from its annotated members; `around` are the classes it may name."""
        known = {**around, **{inner.name: inner for inner in node.body if isinstance(inner, ast.ClassDef)}}
        properties: Schema = {}
        required = []
        for member in node.body:
            if not isinstance(member, ast.AnnAssign) or not isinstance(member.target, ast.Name):
                continue
            name, annotation = member.target.id, resolved(member.annotation)
            if head(annotation) == "ClassVar" or name.startswith("_"):
                continue
            if head(annotation) not in ("Optional", "NotRequired"):
                required.append(name)
            trimmed = f"{node.name}.{name}" in TRIMMED
            properties[name] = anything() if trimmed else self.type(annotation, known, closed)
        found: Schema = {"type": "object", "properties": properties}
        if required:
            found["required"] = sorted(required)
        return {**found, "additionalProperties": False} if closed else found

    def type(self, node: ast.expr, known: dict[str, ast.ClassDef], closed: bool) -> Schema:
        """Derive the schema of an annotation."""
        node = resolved(node)
        if isinstance(node, ast.Name):
            if node.id in PLAIN:
                return {"type": PLAIN[node.id]}
            inner = known.get(node.id) or self.classes.get(node.id)
            return self.members(inner, known, closed) if inner else {}
        if isinstance(node, ast.BinOp):
            return either([self.type(node.left, known, closed), self.type(node.right, known, closed)])
        if not isinstance(node, ast.Subscript):
            return {}
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        kind = head(node)
        if kind == "Literal":
            return {"type": "string", "enum": [ast.literal_eval(value) for value in inside]}
        if kind == "ExpandableField":
            return {"anyOf": [{"type": "string"}, anything()], "x-expandable": True}
        parts = [self.type(part, known, closed) for part in inside]
        if kind == "Union":
            return either(parts)
        if kind == "List":
            return {"type": "array", "items": parts[0]}
        if kind in ("Dict", "UntypedStripeObject"):
            return {"type": "object", "additionalProperties": parts[-1] or True}
        return nullable(parts[0]) if kind == "Optional" else parts[0]


def resolved(node: ast.expr) -> ast.expr:
    """Read an annotation that is written as a string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.parse(node.value, mode="eval").body
    return node


def head(node: ast.expr) -> str:
    """Name what a subscripted annotation is: "Optional" of `Optional[str]`."""
    return node.value.id if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) else ""


def either(parts: list[Schema]) -> Schema:
    """Join alternatives; names and any other text together are a list that Stripe may extend."""
    named = [part for part in parts if "enum" in part]
    if named and {"type": "string"} in parts and named[0]["enum"] != [""]:
        return {**named[0], "x-open": True}
    return {"anyOf": parts}


def nullable(schema: Schema) -> Schema:
    """Allow null as well."""
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    allowed = {**schema, "type": [schema["type"], "null"]}
    return {**allowed, "enum": [*schema["enum"], None]} if "enum" in schema else allowed


def anything() -> Schema:
    """Describe an object whose members were left out."""
    return {"type": ["object", "null"], "x-trimmed": True}


@cache
def module(place: str) -> Module:
    """Read a module of the library once."""
    return Module(place)


def operation(method: str, place: str, params: Schema, answer: str) -> Schema:
    """Describe an operation as OpenAPI does; the parameters of a GET are its `x-querySchema`."""
    name = answer.removesuffix("[]")
    found: Schema = {"$ref": f"#/components/schemas/{name}"}
    if answer.endswith("[]"):
        found = list_of(found, place)
    described: Schema = {
        "responses": {"200": body(found), "default": body({"$ref": "#/components/schemas/error"})}
    }
    if method == "get":
        return {**described, "x-querySchema": params}
    return {**described, "requestBody": body(params)}


def body(schema: Schema) -> Schema:
    """Describe a JSON body."""
    return {"content": {"application/json": {"schema": schema}}}


def list_of(item: Schema, place: str) -> Schema:
    """Describe a page of a list, which v1 and v2 write differently."""
    data = {"data": {"type": "array", "items": item}}
    text, address = {"type": "string"}, {"type": ["string", "null"]}
    if place.startswith("/v2/"):
        urls = {"next_page_url": address, "previous_page_url": address}
        return {"type": "object", "properties": {**data, **urls}, "required": ["data"]}
    named = {"object": {"type": "string", "enum": ["list"]}, "has_more": {"type": "boolean"}, "url": text}
    properties = {**data, **named}
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def thin_types() -> list[str]:
    """List the types of thin events about accounts that the library knows."""
    found = []
    for path in sorted((LIBRARY / "events").glob("_v2_core_account*_event.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LOOKUP_TYPE":
                found.append(str(ast.literal_eval(node.value)))
    return sorted(set(found))


def by_hand(objects: Schema) -> None:
    """Add what the library keeps outside its types: the object that a thin event is about, and deletion."""
    text = {"type": "string"}
    related = {"id": text, "type": text, "url": text}
    event = objects["v2.core.event"]
    event["properties"]["related_object"] = {
        "type": ["object", "null"], "properties": related, "required": ["type", "url"],
    }  # fmt: skip


def derive() -> Schema:
    """Derive the whole document."""
    objects = {name: module(place).schema(kind, closed=False) for name, (place, kind) in OBJECTS.items()}
    by_hand(objects)
    paths: Schema = {}
    for method, place, params, kind, answer in OPERATIONS:
        asked = module(params).schema(kind, closed=True)
        if place.startswith("/v2/") and answer.endswith("[]"):
            asked["properties"]["page"] = {"type": "string"}  # a part of `next_page_url`
        paths.setdefault(place, {})[method] = operation(method, place, asked, answer)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Stripe API, trimmed: Accounts v2 and early fraud warnings",
            "version": VERSION,
            "x-derivedFrom": f"stripe-python {stripe.VERSION}",
            "license": {"name": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": objects},
        "x-events": dict.fromkeys(EVENTS, "radar.early_fraud_warning"),
        "x-thinEvents": thin_types(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(derive(), separators=(",", ":"), sort_keys=True) + "\n")
