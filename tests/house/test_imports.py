"""The three modules at the top: who may import them, and what they import. import-linter holds the rest."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = {p.stem for p in ROOT.glob("*.py")} | {
    p.name for p in ROOT.iterdir() if p.is_dir() and (p / "__init__.py").exists() and p.name != "tests"
}
ENTRY_POINTS = {"bench", "bin", "cli", "tests"}


def imports(path: Path) -> Iterator[str]:
    """Answer the whole names of what a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_three_modules_stand_at_the_top() -> None:
    assert {path.name for path in ROOT.glob("*.py")} == {"app.py", "config.py", "models.py"}


@pytest.mark.slow
def test_nothing_imports_app_but_the_entry_points() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for folder in OWN - ENTRY_POINTS - {"app", "config", "models"}
        for path in (ROOT / folder).rglob("*.py")
        if any(name.split(".")[0] == "app" for name in imports(path))
    ]
    assert wrong == []


@pytest.mark.parametrize(("module", "may"), [("models", {"tables"}), ("config", {"domain.platform"})])
def test_what_stands_below_everything_imports_little(module: str, may: set[str]) -> None:
    own = {name for name in imports(ROOT / f"{module}.py") if name.split(".")[0] in OWN}
    assert {name for name in own if name not in may and name.split(".")[0] not in may} == set()
