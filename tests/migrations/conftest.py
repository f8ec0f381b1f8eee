"""A database filled with the newest frozen demo and upgraded to the newest revision, made once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ON_POSTGRESQL
from tests.fixtures import Databases
from tests.migrations.stage import place_in, releases

collect_ignore = [] if ON_POSTGRESQL else ["test_postgresql.py"]


@pytest.fixture(scope="session")
def filled(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The filled database; tests take copies of it."""
    with place_in(tmp_path_factory.mktemp("filled")) as place:
        place.upgrade(releases()[-1])
        place.fill(releases()[-1])
        place.upgrade()
        yield place


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
