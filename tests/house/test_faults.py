"""The faults that are planted to try the tests (tests/faults) fit the code as it is."""

from dataclasses import replace

import pytest

from tests.faults.__main__ import sorted_out
from tests.faults.planted import ROOT, faults

HERE = "tests/house/test_faults.py"


def test_every_fault_can_be_planted() -> None:
    assert {fault.name: wrong for fault in faults() if (wrong := fault.misfit(ROOT))} == {}


@pytest.mark.parametrize(
    "test", ["tests/house/test_nowhere.py", f"{HERE}::test_nothing", f"{HERE}::test_no_two[1]"]
)
def test_a_test_that_is_gone_is_seen(test: str) -> None:
    fault = faults()[0]
    assert replace(fault, tests=(*fault.tests, test)).misfit(ROOT) == f"there is no {test}"
    there = f"{HERE}::test_a_test_that_is_gone_is_seen[1]"
    assert replace(fault, tests=(*fault.tests, HERE, there)).misfit(ROOT) == ""


def test_no_two_faults_have_one_name() -> None:
    names = [fault.name for fault in faults()]
    assert len(set(names)) == len(names)
    assert len(names) >= 60


def test_what_one_database_leaves_out_the_other_takes() -> None:
    on_sqlite, left_out = sorted_out(faults(), "sqlite", has_browser=True)
    on_postgresql, _ = sorted_out(faults(), "postgresql", has_browser=True)
    assert {fault.name for fault in on_sqlite + on_postgresql} == {fault.name for fault in faults()}
    assert len(left_out) == len(faults()) - len(on_sqlite) > 0
    assert all(line.endswith("which only postgresql shows") for line in left_out)


def test_a_fault_changes_something_and_has_tests() -> None:
    assert [fault.name for fault in faults() if fault.code == fault.becomes or not fault.tests] == []
