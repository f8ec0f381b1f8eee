"""Databases filled with a frozen demo and upgraded to some revision, each made once; tests take copies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ON_POSTGRESQL
from tests.fixtures import Databases
from tests.migrations.stage import head, place_in, releases

collect_ignore = [] if ON_POSTGRESQL else ["test_postgresql.py"]


@pytest.fixture(scope="session")
def made_once(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Any]]:
    """A function that gives the database filled at a release and upgraded to a revision."""
    with ExitStack() as stack:

        @cache
        def at(release: str, revision: str) -> Any:
            filled = at(release, release) if revision != release else None
            place = stack.enter_context(place_in(tmp_path_factory.mktemp("filled"), like=filled))
            place.upgrade(revision)
            if filled is None:
                place.fill(release)
            return place

        yield at


@pytest.fixture(scope="session")
def filled(made_once: Callable[[str, str], Any]) -> Any:
    """The database filled with the newest frozen demo, at the newest revision."""
    return made_once(releases()[-1], head())


@pytest.fixture
def filled_at(made_once: Callable[[str, str], Any], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """A function that gives a database of the test's own, filled at a release and upgraded to a revision."""
    with ExitStack() as stack:

        def copy(release: str, revision: str = "") -> Any:
            like = made_once(release, revision or release)
            return stack.enter_context(place_in(tmp_path / "place", like=like))

        yield copy


@pytest.fixture
def place(filled: Any, tmp_path: Path) -> Iterator[Any]:
    """A filled database of the test's own."""
    with place_in(tmp_path / "place", like=filled) as copy:
        yield copy


@pytest.fixture(scope="module")
def shared(filled: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A filled database for the tests of a file that leave it as it was."""
    with place_in(tmp_path_factory.mktemp("shared"), like=filled) as copy:
        yield copy


@pytest.fixture
def empty(databases: Databases, tmp_path: Path) -> Iterator[Any]:
    """A database without tables."""
    with place_in(tmp_path / "empty") as place:
        yield place
