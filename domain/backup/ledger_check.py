"""Consistency checks of a restored database, by the shop's own code in a subprocess."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from flask import current_app

import config

CHECK = ("-m", "flask", "--app", "app", "backup", "check-restored")


def books(settings: config.Settings, url: str, work: Path) -> list[str]:
    """Migrate the database at `url` to the newest schema and check its ledger; lists the rows that disagree.

    So a backup also tests the migrations that the shop has still before it.
    """
    kept = {name: value for name, value in os.environ.items() if name not in config.variables()}
    given = config.environ(replace(settings, database_url=url, data_dir=work))
    given.pop("DATABASE_DIRECT_URL", None)
    if "DATABASE_STATEMENT_TIMEOUT" in given:
        given["DATABASE_STATEMENT_TIMEOUT"] = "0"  # no request waits for these statements
    done = subprocess.run(
        [sys.executable, *CHECK],
        cwd=current_app.root_path,
        env=kept | given,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return [str(problem) for problem in json.loads(done.stdout.splitlines()[-1])]
    except (ValueError, IndexError, TypeError):
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        return [f"The restored database couldn’t be brought up to date and checked: {said[-1]}"]
