"""Holding requests, answers and events to Stripe's own schemas. Unknown keys are violations.

The schemas are data (`tests/data/README.md` says whose); this module only walks them. Every check
returns sentences, an empty list when all is well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

DATA = Path(__file__).parent / "data"
SCHEMAS = (DATA / "stripe-2026-10-28.endive.json", DATA / "stripe-2026-10-28.endive-connect.json")
FIXTURES = DATA / "stripe-fixtures-2026-07-29.json"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
THIN = "v2.core.event"
Schema = dict[str, Any]


class StripeSpec:
    """Stripe's API at one version, as a judge."""

    def __init__(self, sources: tuple[Path, ...] = SCHEMAS) -> None:
        documents = [json.loads(source.read_text()) for source in sources]
        paths: dict[str, Schema] = {}
        self._components: Schema = {"schemas": {}}
        self._events: dict[str, str] = {}
        self._thin: set[str] = set()
        for document in documents:
            paths |= document["paths"]
            self._components["schemas"] |= document["components"]["schemas"]
            self._events |= document["x-events"]
            self._thin |= set(document.get("x-thinEvents", []))
        forbid_unknown_keys(self._components)
        self._operations: list[tuple[str, re.Pattern[str], Schema]] = sorted(
            ((verb.upper(), pattern_of(path), operation)
             for path, verbs in paths.items()
             for verb, operation in verbs.items()),
            key=lambda found: found[1].pattern.count("[^/]+"),
        )  # fmt: skip

    def operation(self, method: str, path: str) -> Schema | None:
        """What the API does at an address; literal addresses win over those with an id in them."""
        for verb, pattern, operation in self._operations:
            if verb == method and pattern.match(path):
                return operation
        return None

    def violations(self, schema: Schema, value: Any) -> list[str]:
        """What `schema` has against `value`, each with the place it was found."""
        judge = Draft202012Validator({"components": self._components, **schema})
        return [
            f"{'/'.join(map(str, error.absolute_path)) or 'top'}: {error.message[:300]}"
            for error in judge.iter_errors(value)
        ]

    def request(self, method: str, path: str, query: str = "", body: str = "") -> list[str]:
        """Check a request as it was on the wire: `query` of a GET or DELETE, `body` of a POST."""
        operation = self.operation(method, path)
        if operation is None:
            return [f"Stripe has no {method} {path}"]
        if method != "POST":
            schema: Schema = operation["x-querySchema"]
            return self.violations(schema, typed(nested(query), schema))
        content = operation["requestBody"]["content"]
        if JSON in content:
            return self.violations(content[JSON]["schema"], json.loads(body or "{}"))
        schema = content[FORM]["schema"]
        return self.violations(schema, typed(nested(body), schema))

    def response(self, method: str, path: str, status: int, answer: Any) -> list[str]:
        """Check the decoded JSON of an answer."""
        operation = self.operation(method, path)
        if operation is None:
            return self.violations({"$ref": "#/components/schemas/error"}, answer)
        outcome = operation["responses"]["200" if status < 300 else "default"]
        return self.violations(outcome["content"]["application/json"]["schema"], answer)

    def event(self, event: Any) -> list[str]:
        """Check an event and the object it carries; a thin one carries none."""
        if event.get("object") == THIN:
            known = event.get("type") in self._thin
            return self.object(event) + ([] if known else [f"no thin event is named {event.get('type')}"])
        found = self.violations({"$ref": "#/components/schemas/event"}, event)
        name = self._events.get(event.get("type", ""))
        if name in self._components["schemas"]:
            found += self.violations({"$ref": f"#/components/schemas/{name}"}, event["data"]["object"])
        return found

    def object(self, value: Any) -> list[str]:
        """Check an object by the kind it says it is."""
        return self.violations({"$ref": f"#/components/schemas/{value['object']}"}, value)


@cache
def stripe_spec() -> StripeSpec:
    """The one judge of a test run; reading the schemas takes a moment."""
    return StripeSpec()


def pattern_of(path: str) -> re.Pattern[str]:
    """`/v1/charges/{charge}` as an expression that matches real addresses."""
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("^" + "[^/]+".join(re.escape(part) for part in parts) + "$")


def nested(text: str) -> dict[str, Any]:
    """`a[b][0]=1` as `{"a": {"b": {"0": "1"}}}`."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", name)
        node = root
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return root


def typed(value: Any, schema: Schema) -> Any:
    """A form's strings as the types the schema asks for, where they can be read so."""
    for choice in schema.get("anyOf", []):
        candidate = typed(value, choice)
        if Draft202012Validator(choice).is_valid(candidate):
            return candidate
    kind = schema.get("type")
    if isinstance(value, dict):
        if kind == "array" and all(key.isdigit() for key in value):
            return [typed(value[key], schema["items"]) for key in sorted(value, key=int)]
        return dict(typed_members(value, schema)) if kind == "object" else value
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    return value == "true" if kind == "boolean" and value in ("true", "false") else value


def typed_members(value: dict[str, Any], schema: Schema) -> Iterator[tuple[str, Any]]:
    """The members of an object, typed by its properties or by what it says of all others."""
    others = schema.get("additionalProperties")
    for key, item in value.items():
        known = schema.get("properties", {}).get(key) or (others if isinstance(others, dict) else {})
        yield key, typed(item, known)


def forbid_unknown_keys(schema: Any) -> None:
    """Close every object whose fields are all known; `x-trimmed` ones stay open."""
    if isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-trimmed"):
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            forbid_unknown_keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            forbid_unknown_keys(inner)
