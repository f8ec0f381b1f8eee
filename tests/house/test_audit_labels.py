"""Every action that the code writes into the audit log has words for whoever reads it."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from domain.platform import audit_labels
from models import RefundStatus

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("domain", "blueprints", "cli")
# Where the actions are put together: the text they begin with, and what may follow.
PUT_TOGETHER = {"refund_": [status.value for status in RefundStatus]}


def modules() -> dict[str, ast.Module]:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    return {
        name.removesuffix(".__init__"): ast.parse(path.read_text())
        for name, path in zip(names, files, strict=True)
    }


def calls(module: str, node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """What is called in a module, each as "audit.record"."""
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        match call.func:
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                yield f"{owner}.{name}", call
            case ast.Name(id=name):
                yield f"{module.rpartition('.')[2]}.{name}", call


def handed(call: ast.Call, parameter: str, place: int) -> ast.expr | None:
    """What `call` gives for a parameter of that name and place."""
    by_name = next((keyword.value for keyword in call.keywords if keyword.arg == parameter), None)
    return by_name or (call.args[place] if len(call.args) > place else None)


def recorders(trees: dict[str, ast.Module]) -> dict[str, tuple[str, int, ast.expr | None]]:
    """The functions that write what they are given as an action: its parameter, place and default."""
    found: dict[str, tuple[str, int, ast.expr | None]] = {"audit.record": ("action", 1, None)}
    while True:
        before = len(found)
        for module, tree in trees.items():
            for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
                names = [argument.arg for argument in function.args.args]
                for name, call in calls(module, function):
                    given = handed(call, *found[name][:2]) if name in found else None
                    if isinstance(given, ast.Name) and given.id in names:
                        place = names.index(given.id)
                        later = place - len(names) + len(function.args.defaults)
                        default = function.args.defaults[later] if later >= 0 else None
                        own = f"{module.rpartition('.')[2]}.{function.name}"
                        found.setdefault(own, (given.id, place, default))
        if len(found) == before:
            return found


def values(module: str, given: ast.expr, parameters: set[str]) -> Iterator[str]:
    """The texts that an expression may be; none for a parameter that is handed on."""
    match given:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from values(module, given.body, parameters)
            yield from values(module, given.orelse, parameters)
        case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_]):
            yield from (begin + end for end in PUT_TOGETHER[begin])
        case ast.Subscript(value=ast.Name(id=table)):
            yield from getattr(importlib.import_module(module), table).values()
        case ast.Name(id=name) if name not in parameters:
            yield getattr(importlib.import_module(module), name)
        case ast.Name():
            pass
        case _:
            raise AssertionError(f"{module}:{given.lineno}: what action is this?")


def recorded() -> set[str]:
    trees = modules()
    writers = recorders(trees)
    handed_on = {parameter for parameter, _place, _default in writers.values()}
    found = {default.value for *_, default in writers.values() if isinstance(default, ast.Constant)}
    for module, tree in trees.items():
        for name, call in calls(module, tree):
            given = handed(call, *writers[name][:2]) if name in writers else None
            if given is not None:
                found |= set(values(module, given, handed_on))
    return found


def test_every_action_has_words() -> None:
    actions = recorded()
    assert {
        "look_at_order",
        "rename_resource",
        "refund_failed",
        "code_damaged",
        "publish",
        "unvet",
    } <= actions
    assert sorted(actions - set(audit_labels.WORDS)) == []


def test_the_words_are_words() -> None:
    assert [words for words in audit_labels.WORDS.values() if "_" in words or not words.strip()] == []
    assert audit_labels.in_words("look_at_order") == "looked at an order"
    assert audit_labels.in_words("of_an_older_release") == "of an older release"
