"""Two recordings of the same code are equal, in whatever order sets come; otherwise they prove nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import writing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "tests.house.record"]
SOME = ("--only", "pages", "posts", "--match", "/wish")


def test_two_recordings_are_equal_and_a_difference_is_told(tmp_path: Path) -> None:
    recordings = [tmp_path / "one", tmp_path / "two"]
    running = [
        subprocess.Popen([*COMMAND, str(out), *SOME], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed})
        for out, seed in zip(recordings, ("1", "2"), strict=True)
    ]
    assert [process.wait() for process in running] == [0, 0]
    assert list(writing.differences(*recordings)) == []
    assert len(list(recordings[0].rglob("*.txt"))) > 40

    changed = next((recordings[1] / "posts" / "cy").glob("courses_flask-first-steps_wish.*"))
    changed.write_text(changed.read_text().replace("303 SEE OTHER", "200 OK"))
    told = "\n".join(writing.differences(*recordings))
    assert told.startswith(f"posts/cy/{changed.name}: ")
    assert "-303 SEE OTHER" in told
    assert "+200 OK" in told
