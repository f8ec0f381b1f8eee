"""An upgrade that is killed leaves the old state, and two at once apply nothing twice."""

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ON_POSTGRESQL
from tests.migrations.stage import head, start
from tests.migrations.test_rebuilding import COPY, REWRITE

WAIT = """
import pathlib, time
def wait():
    pathlib.Path({here!r}).touch()
    for _ in range(600):
        if pathlib.Path({go!r}).exists():
            return
        time.sleep(0.05)
    raise RuntimeError("nobody said go")
"""


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the process has made the file."""
    for _ in range(1200):
        if path.exists():
            return
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.05)
    raise AssertionError("the upgrade never came so far")


@pytest.fixture
def signs(place: Any) -> tuple[Path, Path, str]:
    """Two files by which a revision says where it is and is told to go on, and the code that does so."""
    here, go = place.folder / "here", place.folder / "go"
    return here, go, WAIT.format(here=str(here), go=str(go))


def test_killed_in_the_middle_it_leaves_the_old_state(place: Any, signs: tuple[Path, Path, str]) -> None:
    here, go, wait = signs
    rows, shape = place.rows(), place.shape()
    rebuild = (REWRITE if ON_POSTGRESQL else COPY).format("lessons")
    change = f"{rebuild}\nop.execute('UPDATE captions SET label = id')\n"
    place.revise("long", change + "wait()\nop.add_column('tags', sa.Column('zz', sa.Text()))", top=wait)
    process = start(place)
    wait_for(here, process)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    assert (place.revision, place.shape(), place.rows()) == (head(), shape, rows)
    go.touch()
    place.upgrade()
    assert place.revision == "long"
    assert len(place.shape() - shape) == 1


def test_two_at_once_apply_each_revision_once(place: Any, signs: tuple[Path, Path, str]) -> None:
    here, go, wait = signs
    add = (
        "INSERT INTO login_attempts SELECT '0000000000000000000000000000000{}', subject, at"
        " FROM login_attempts LIMIT 1"
    )
    declared = "ROWS = {'login_attempts': '+'}"
    before = place.ask("SELECT count(*) FROM login_attempts")[0][0]
    place.revise("first", f"wait()\nop.execute({add.format(1)!r})", top=wait + declared)
    place.revise("second", f"op.execute({add.format(2)!r})", top=declared, after="first")
    place.revise("third", f"op.execute({add.format(3)!r})", top=declared, after="second")
    one = start(place)
    wait_for(here, one)
    here.unlink()
    two = start(place)
    if ON_POSTGRESQL:
        assert two.stdout is not None
        assert two.stdout.readline() == "Another upgrade is running; waiting for it to end.\n"
    go.touch()
    said = [process.communicate(timeout=120)[0] for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0), said
    assert not here.exists()
    assert place.revision == "third"
    assert place.ask("SELECT count(*) FROM login_attempts")[0][0] == before + 3
