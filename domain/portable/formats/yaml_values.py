"""Bounded reading of YAML from outside, into plain values: texts, whole numbers, true, false, lists, tables.

Scalars are read as YAML 1.2 does, and dates and decimals stay as they are written: a title “1.10” or “No” is
a text, and an impossible date raises nothing. Unknown tags (`!ENV`, `!!python/name:…`) give what they
contain, and nothing is ever constructed from them.
"""

import re
from typing import Any

import yaml

MAX_BYTES = 512 * 1024
MAX_ALIASES = 50  # each repeats what it names, which may have aliases of its own ("billion laughs")


class NotYamlError(ValueError):
    """A text that isn't YAML; `line` counts from 1, 0 when unknown."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.sentence, self.line = sentence, line


class _Loader(yaml.SafeLoader):
    """A loader of plain values that counts aliases and keeps the names of repeated keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    yaml_constructors: dict[str | None, Any] = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.aliases = 0
        self.repeated: list[str] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Count the aliases on the way."""
        if self.check_event(yaml.events.AliasEvent):
            self.aliases += 1
            if self.aliases > MAX_ALIASES:
                raise NotYamlError(f"it has more than {MAX_ALIASES} aliases")
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: Any) -> None:
        """Merge nothing: merges of merges multiply."""

    def table(self, node: Any) -> dict[str, Any]:
        """Construct a table; of two equal keys the later one counts."""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            name = key if isinstance(key, str) else str(key)
            if name in found:
                self.repeated.append(name)
            found[name] = self.construct_object(value_node, deep=True)
        return found

    def untagged(self, node: Any) -> Any:
        """Construct what an unknown tag contains."""
        if isinstance(node, yaml.MappingNode):
            return self.table(node)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return self.construct_scalar(node)


def _add(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_add("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_add("int", r"^[-+]?(?:0|[1-9][0-9]{0,15})$", "-+0123456789")
_add("null", r"^(?:~|null|Null|NULL|)$", "~nN\0")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.table)
_Loader.add_constructor("tag:yaml.org,2002:seq", lambda loader, node: loader.untagged(node))
_Loader.add_constructor("tag:yaml.org,2002:null", lambda _loader, _node: None)
_Loader.add_constructor(
    "tag:yaml.org,2002:bool", lambda loader, node: str(loader.untagged(node)).lower() == "true"
)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: _whole(loader.untagged(node)))
_Loader.add_constructor(None, _Loader.untagged)


def _whole(written: Any) -> Any:
    """Read a whole number; anything else that was tagged as one stays as it is."""
    return int(written) if re.fullmatch(r"[-+]?[0-9]{1,16}", str(written)) else written


def load(text: str) -> tuple[Any, list[str]]:
    """Read a YAML text; returns its value and the keys that it repeats. Raises NotYamlError."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise NotYamlError(f"it is longer than {MAX_BYTES // 1024} kB")
    # Tabs at the beginning of a line are the commonest mistake, and there is only one thing they can mean.
    loader = None
    try:
        loader = _Loader(re.sub(r"^([ ]*)\t+", r"\1  ", text, flags=re.MULTILINE))
        return loader.get_single_data(), loader.repeated
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYamlError(error.problem or "it can’t be read", mark.line + 1 if mark else 0) from error
    except yaml.YAMLError as error:
        raise NotYamlError("it has characters that YAML doesn’t allow") from error
    except RecursionError as error:
        raise NotYamlError("it is nested too deeply") from error
    except NotYamlError:
        raise
    except (ValueError, TypeError) as error:
        raise NotYamlError("it can’t be read") from error
    finally:
        if loader is not None:
            loader.dispose()
