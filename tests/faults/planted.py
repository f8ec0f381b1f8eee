"""The faults of planted.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Fault:
    """A mistake: in `file` stands `becomes` in place of `code`. One of `tests` must fail then.

    `only_on` names the one database that can show it, if there is only one.
    """

    name: str
    file: str
    code: str
    becomes: str
    tests: tuple[str, ...]
    only_on: str = ""

    @property
    def in_browser(self) -> bool:
        """Whether only a browser can notice it."""
        return all(test.startswith("tests/journeys/") for test in self.tests)

    def misfit(self, tree: Path) -> str:
        """Say why it can't be planted in `tree`; empty where it can."""
        if not (tree / self.file).is_file():
            return f"there is no {self.file}"
        if gone := [test for test in self.tests if not _is_there(tree, test)]:
            return f"there is no {gone[0]}"
        times = (tree / self.file).read_text().count(self.code)
        return "" if times == 1 else f"in {self.file} its code stands {times} times"


def _is_there(tree: Path, test: str) -> bool:
    file, _, name = test.partition("::")
    if not (tree / file).is_file():
        return False
    return not name or f"def {name.partition('[')[0]}(" in (tree / file).read_text()


def faults() -> list[Fault]:
    """Read the faults in their order."""
    listed = tomllib.loads((Path(__file__).parent / "planted.toml").read_text())["fault"]
    return [Fault(**{**fields, "tests": tuple(fields["tests"])}) for fields in listed]
