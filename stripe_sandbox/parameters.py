"""Parsing of form parameters as Stripe does: bracketed names, strict types, one clear error.

An endpoint declares its parameters with the classes below; `Group.read` returns plain Python values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from . import money
from .errors import StripeError

NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
METADATA_KEYS, METADATA_KEY, METADATA_VALUE = 50, 40, 500


def refused(message: str, param: str, code: str | None = None) -> StripeError:
    """Build the error of an invalid parameter; the request isn't executed."""
    return StripeError(message, code=code, param=param, before_start=True)


def decode(text: str) -> dict[str, Any]:
    """Decode `a[b][0][c]=1` into `{"a": {"b": {"0": {"c": "1"}}}}`. Raises StripeError for clashing names."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=2000):
        match = NAME.match(name)
        if match is None:
            raise refused(f"Received unknown parameter: {name}", name, "parameter_unknown")
        parts = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        node = root
        for part in parts[:-1]:
            node = node.setdefault(part or str(len(node)), {})
            if not isinstance(node, dict):
                raise refused(f"Invalid value for {match[1]}", match[1])
        node[parts[-1] or str(len(node))] = value
    return root


def from_json(value: Any) -> Any:
    """Write JSON as `decode` gives a form: text, and lists by number; null is left out."""
    if isinstance(value, dict):
        return {name: from_json(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return {str(number): from_json(part) for number, part in enumerate(value)}
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Shape(Protocol):
    """A type of parameter."""

    def read(self, value: Any, name: str) -> Any:
        """Return the value, or raise StripeError that names `name`."""


def plain(value: Any, name: str) -> str:
    """Read a single non-empty string."""
    if not isinstance(value, str):
        raise refused(f"Invalid string: {name} must be a single value", name)
    if value == "":
        raise refused(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or "
            "supply a non-empty value.",
            name,
            "parameter_invalid_empty",
        )
    return value


@dataclass(frozen=True)
class Text:
    """A text of up to `most` characters. With `unset`, an empty string means None."""

    most: int = 5000
    unset: bool = False

    def read(self, value: Any, name: str) -> str | None:
        """Read the text."""
        if self.unset and value == "":
            return None
        text = plain(value, name)
        if len(text) > self.most:
            raise refused(
                f"Invalid string: {text[:20]}…; must be at most {self.most} characters",
                name,
                "parameter_invalid_string",
            )
        return text


@dataclass(frozen=True)
class Statement:
    """The end of a line on bank statements: up to 22 Latin characters, one of them a letter."""

    def read(self, value: Any, name: str) -> str:
        """Read the text."""
        text = Text(22).read(value, name) or ""
        if not re.search("[A-Za-z]", text) or not text.isascii() or re.search(r"""[<>\\'"*]""", text):
            raise refused(
                f"The statement descriptor suffix {text} must have a letter and none of < > \\ ' \" *",
                name,
                "parameter_invalid_string",
            )
        return text


@dataclass(frozen=True)
class Address:
    """An absolute URL, which may contain `{CHECKOUT_SESSION_ID}`."""

    def read(self, value: Any, name: str) -> str:
        """Read the URL."""
        text = plain(value, name)
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or len(text) > 5000:
            raise refused("Not a valid URL", name, "url_invalid")
        return text


@dataclass(frozen=True)
class Email:
    """An email address."""

    unset: bool = False

    def read(self, value: Any, name: str) -> str | None:
        """Read the address."""
        if self.unset and value == "":
            return None
        text = plain(value, name)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text) or len(text) > 512:
            raise refused(f"Invalid email address: {text}", name, "email_invalid")
        return text


@dataclass(frozen=True)
class Whole:
    """An integer from `least` to `most`."""

    least: int = 0
    most: int = 2**53

    def read(self, value: Any, name: str) -> int:
        """Read the number."""
        text = plain(value, name)
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise refused(f"Invalid integer: {text}", name, "parameter_invalid_integer")
        number = int(text)
        if number < self.least:
            floor = "non-negative integer" if self.least == 0 else f"integer of at least {self.least}"
            raise refused(f"This value must be a {floor}.", name, "parameter_invalid_integer")
        if number > self.most:
            raise refused(
                f"This value must be less than or equal to {self.most}.", name, "parameter_invalid_integer"
            )
        return number


@dataclass(frozen=True)
class Flag:
    """A boolean, `true` or `false`."""

    def read(self, value: Any, name: str) -> bool:
        """Read the boolean."""
        text = plain(value, name)
        if text not in ("true", "false"):
            raise refused(f"Invalid boolean: {text}", name)
        return text == "true"


class Choice:
    """An enumeration."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, value: Any, name: str) -> str:
        """Read the value."""
        text = plain(value, name)
        if text not in self.words:
            raise refused(f"Invalid {name}: must be one of {', '.join(self.words)}", name)
        return text


@dataclass(frozen=True)
class Currency:
    """A three-letter code of a currency that Stripe supports, in either case."""

    def read(self, value: Any, name: str) -> str:
        """Read the code, in lower case."""
        code = plain(value, name).lower()
        if code not in money.CURRENCIES:
            raise refused(f"Invalid currency: {code}", name)
        return code


@dataclass(frozen=True)
class Metadata:
    """Up to 50 pairs of strings; an empty string unsets one pair, or all of them."""

    def read(self, value: Any, name: str) -> dict[str, str] | None:
        """Read the pairs as sent (empty values included), or None to unset all."""
        if value == "":
            return None
        if not isinstance(value, dict):
            raise refused("Invalid object", name)
        if len(value) > METADATA_KEYS:
            raise refused(f"You can have up to {METADATA_KEYS} metadata keys.", name)
        for key, text in value.items():
            if not isinstance(text, str):
                raise refused("Metadata values must be strings.", f"{name}[{key}]")
            if len(key) > METADATA_KEY:
                raise refused(f"Metadata keys can be up to {METADATA_KEY} characters long.", name)
            if len(text) > METADATA_VALUE:
                raise refused(
                    f"Metadata values can be up to {METADATA_VALUE} characters long.", f"{name}[{key}]"
                )
        return dict(value)


@dataclass(frozen=True)
class Rows:
    """A list, `name[0]`, `name[1]` …"""

    of: Shape
    most: int = 100

    def read(self, value: Any, name: str) -> list[Any]:
        """Read the rows in order."""
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise refused("Invalid array", name)
        if len(value) > self.most:
            raise refused(f"Too many {name}: at most {self.most}.", name)
        return [self.of.read(value[key], f"{name}[{key}]") for key in sorted(value, key=int)]


@dataclass(frozen=True)
class Group:
    """Named parameters. Unknown ones are refused; `needs` are required."""

    fields: Mapping[str, Shape]
    needs: tuple[str, ...] = field(default=())

    def read(self, value: Any, name: str = "") -> dict[str, Any]:
        """Read the parameters that were sent."""
        if not isinstance(value, dict):
            raise refused("Invalid object", name)
        for key in value:
            if key not in self.fields:
                full = inside(name, key)
                raise refused(f"Received unknown parameter: {full}", full, "parameter_unknown")
        for key in self.needs:
            if key not in value:
                full = inside(name, key)
                raise refused(f"Missing required param: {full}.", full, "parameter_missing")
        return {key: self.fields[key].read(item, inside(name, key)) for key, item in value.items()}


@dataclass(frozen=True)
class When:
    """A timestamp or a range: `created=…` or `created[gte]=…`."""

    def read(self, value: Any, name: str) -> dict[str, int]:
        """Read bounds by operator: any of `eq`, `gt`, `gte`, `lt`, `lte`."""
        if isinstance(value, str):
            return {"eq": Whole().read(value, name)}
        return Group({op: Whole() for op in ("gt", "gte", "lt", "lte")}).read(value, name)


def inside(name: str, key: str) -> str:
    """Join names: `line_items[0]`, `price` is `line_items[0][price]`."""
    return f"{name}[{key}]" if name else key
