"""Imports run one way: app → blueprints → domain → models → tables."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = {p.stem for p in ROOT.glob("*.py")} | {
    p.name for p in ROOT.iterdir() if p.is_dir() and (p / "__init__.py").exists() and p.name != "tests"
}
MAY_IMPORT = {
    "tables": {"tables"},
    "models": {"tables"},
    "domain": {
        "domain",
        "models",
        "mail",
        "payments",
        "storage",
        "media",
        "jobs",
        "config",
        "schedule",
    },
    "storage": {"storage"},
    "media": {"media"},
    "stripe_sandbox": {"stripe_sandbox"},
    "hypermedia": set(),
    "config": {"production"},
    "production": {"config", "domain"},
    "mail": {"jobs", "models"},
    "jobs": {"models", "domain", "schedule"},
    "schedule": {"models"},
    "payments": {"config", "domain"},
}
ONLY_IMPORTERS = {"stripe": {"payments"}, "av": {"media", "demo"}, "boto3": {"storage"}}


def modules(folder: str) -> Iterator[Path]:
    path = ROOT / folder
    yield from path.rglob("*.py") if path.is_dir() else [ROOT / f"{folder}.py"]


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """The (top name, whole name) of everything a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node.module


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_imports_run_one_way(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for top, name in imports(path)
        if top in OWN and top != folder and top not in MAY_IMPORT[folder]
    ]
    assert wrong == []


def test_one_area_never_imports_another() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("blueprints")
        if path.parent != ROOT / "blueprints"
        for top, name in imports(path)
        if top == "blueprints" and name.split(".")[1:2] != [path.relative_to(ROOT).parts[1]]
    ]
    assert wrong == []


def test_nothing_imports_app_but_the_entry_points() -> None:
    allowed = {"bin", "tests", "bench", "cli"}
    wrong = [
        str(path.relative_to(ROOT))
        for folder in OWN | {"bin", "bench"}
        for path in modules(folder)
        if path.exists() and folder not in allowed and any(top == "app" for top, _ in imports(path))
    ]
    assert wrong == []


@pytest.mark.parametrize("library", sorted(ONLY_IMPORTERS))
def test_each_outside_thing_has_one_owner(library: str) -> None:
    importers = {
        folder
        for folder in OWN
        for path in modules(folder)
        if any(top == library for top, _ in imports(path))
    }
    assert importers <= ONLY_IMPORTERS[library]
