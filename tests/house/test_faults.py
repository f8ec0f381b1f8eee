"""The faults that are planted to try the tests (tests/faults) fit the code as it is."""

from tests.faults.planted import ROOT, faults


def test_every_fault_can_be_planted() -> None:
    assert {fault.name: wrong for fault in faults() if (wrong := fault.misfit(ROOT))} == {}


def test_no_two_faults_have_one_name() -> None:
    names = [fault.name for fault in faults()]
    assert len(set(names)) == len(names)
    assert len(names) >= 60


def test_a_fault_changes_something_and_has_tests() -> None:
    assert [fault.name for fault in faults() if fault.code == fault.becomes or not fault.tests] == []
