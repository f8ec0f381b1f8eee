"""A TOML writer for exports: deterministic, so that equal courses give equal bytes."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

WIDE = 100


def table(values: Mapping[str, Any]) -> str:
    """Write lines of `key = value`; None, "" and empty values are left out."""
    shown = ((key, value) for key, value in values.items() if value not in (None, "", [], {}))
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in shown)


def _value(value: Any, nested: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        inside = ((key, item) for key, item in value.items() if item is not None)
        return "{ " + ", ".join(f"{_key(key)} = {_value(item, True)}" for key, item in inside) + " }"
    if isinstance(value, list):
        items = [_value(item, True) for item in value]
        short = "[" + ", ".join(items) + "]"
        if nested or len(short) <= WIDE and not any(isinstance(item, Mapping) for item in value):
            return short
        return "[\n" + "".join(f"  {item},\n" for item in items) + "]"
    return _text(str(value))


def _text(value: str) -> str:
    # A basic string of TOML is escaped like JSON, except for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    plain = name.replace("_", "").replace("-", "")
    return name if plain.isascii() and plain.isalnum() else _text(name)
