"""No docstring of the product begins as a question: people search for the name of a concept or a verb."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migrations.test_released import FILES as RELEASED

ROOT = Path(__file__).resolve().parents[2]
QUESTION = re.compile(r"\W*(What|Who|Whose|Whether|How|Where|When|Which|Why)\b", re.IGNORECASE)
NOT_THE_PRODUCT = {"tests", "instance"}


def files() -> Iterator[Path]:
    """Yield the product's Python files. Released migrations are left out: they are never edited."""
    yield from ROOT.glob("*.py")
    for folder in ROOT.iterdir():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in NOT_THE_PRODUCT:
            yield from (path for path in folder.rglob("*.py") if path.name not in RELEASED)


def questions(tree: ast.Module) -> Iterator[str]:
    """Yield line and first line of each docstring that begins as a question."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            said = ast.get_docstring(node)
            if said and QUESTION.match(said):
                yield f"{node.body[0].lineno}: {said.splitlines()[0]}"


def test_docstrings_begin_with_a_verb_or_the_name_of_a_thing() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(files())
        for line in questions(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ('"""What is stored."""', 1),
        ('class A:\n    """Which one."""\n    async def f(self):\n        """ "Where" it is."""', 2),
        ('def f():\n    """\n    Whether it is so.\n    """', 1),
        ('def f():\n    """Tell whether it is so."""', 0),
        ('"""Whatever comes."""\nx = """What is no docstring."""', 0),
    ],
)
def test_the_check_sees_every_kind_of_docstring(code: str, count: int) -> None:
    assert len(list(questions(ast.parse(code)))) == count
