"""Planting one fault in a copy of the tree and running the tests that must notice it."""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.faults.planted import ROOT, Fault

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "instance")
LONGEST_SECONDS = 600
ELSEWHERE = ("LECTERN_", "PYTEST_", "PYTHONDONTWRITEBYTECODE", "TEST_LONG")  # settings of other runs
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?(?:\[.*?\])?)(?: - |$)", re.MULTILINE)


class Found(StrEnum):
    """What came of a fault."""

    CAUGHT = "caught"
    MISSED = "MISSED"
    MISFIT = "no longer fits"
    BROKEN = "breaks the code"
    ENDLESS = "never ends"


@dataclass(frozen=True)
class Outcome:
    """What came of a fault after how many seconds; `by` is the first test that failed, or what is wrong."""

    fault: Fault
    found: Found
    seconds: float
    by: str = ""

    def __str__(self) -> str:
        by = f" by {self.by}" if self.found == Found.CAUGHT else f": {self.by}" if self.by else ""
        return f"{self.found} after {self.seconds:.0f} s: “{self.fault.name}”{by}"


def chromium() -> str:
    """Find the browser that bin/test would drive; empty where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")


def copy_tree(folder: Path) -> Path:
    """Copy the working tree to `folder`, without what Git and the tools keep."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    return folder


def plant(fault: Fault, tree: Path, database: str = "") -> Outcome:
    """Plant `fault` in the copy `tree`, run its tests there, and take it out again."""
    wrong = fault.misfit(tree)
    if wrong:
        return Outcome(fault, Found.MISFIT, 0, wrong)
    path = tree / fault.file
    whole = path.read_text()
    path.write_text(whole.replace(fault.code, fault.becomes))
    began = time.perf_counter()
    try:
        found, by = _run(fault, tree, database)
    finally:
        path.write_text(whole)
    return Outcome(fault, found, time.perf_counter() - began, by)


def _run(fault: Fault, tree: Path, database: str) -> tuple[Found, str]:
    """Run the tests of `fault`. A test that can't even be collected or set up has noticed nothing."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        *fault.tests,
    ]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(ELSEWHERE)}
    environ |= {"TEST_DATABASE_URL": database, "CHROMIUM": chromium()}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environ, capture_output=True, text=True, timeout=LONGEST_SECONDS
        )
    except subprocess.TimeoutExpired:
        return Found.ENDLESS, ""
    if done.returncode == 0:
        return Found.MISSED, ""
    failed = FAILED.search(done.stdout)
    if done.returncode == 1 and failed and "ERROR at setup of" not in done.stdout:
        return Found.CAUGHT, failed[1][:150]
    return Found.BROKEN, failed[1] if failed else (done.stdout + done.stderr)[-300:].strip()
