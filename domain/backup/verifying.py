"""Verification of a backup by restoring it into a scratch place."""

import time
from collections.abc import Iterator
from pathlib import Path

from domain.backup import shop
from domain.backup.contents import manifest
from domain.backup.contents.file_check import file_problems
from domain.backup.contents.manifest import PROOF
from domain.backup.contents.reading import opened
from domain.backup.databases import schema
from domain.backup.errors import explained
from domain.backup.ledger_check import books
from domain.backup.listing import find
from domain.backup.model import DamagedError, Progress, Proof, quiet
from domain.backup.shop import Shop
from domain.backup.targets.locks import reading
from domain.base import clock

MOST_SAID = 20


def verify(name: str, progress: Progress = quiet) -> Proof:
    """Restore the backup `name` into a scratch place, check it, and write the result beside it.

    A bad backup is a result with problems. Raises BackupError when it can't be judged: there is none of that
    name, its key file is another, or this machine can’t restore (no space, no pg_restore).
    """
    began, start = clock.now(), time.monotonic()
    with reading(), explained("Verifying"):
        whole = shop.current()
        name = find(name).name
        try:
            with whole.work() as work:
                problems = list(_problems(whole, name, work, progress))
        except DamagedError as error:
            problems = [error.sentence]
        proof = Proof(began, not problems, tuple(problems[:MOST_SAID]), round(time.monotonic() - start, 3))
        whole.target.write(f"{name}/{PROOF}", manifest.write_proof(proof))
    return proof


def _problems(whole: Shop, name: str, work: Path, progress: Progress) -> Iterator[str]:
    """List what is wrong with the restored database and the files."""
    source = opened(whole, name, work)
    schema.check(source.manifest)
    with whole.database.scratch(work) as scratch:
        progress("Restoring", 0, 1)
        scratch.load(source.dump(), source.key, name)
        progress("Restoring", 1, 1)
        wrong = scratch.problems() + row_differences(source.manifest.rows, scratch.rows())
        yield from wrong or books(whole.settings, scratch.url, work)
    yield from file_problems(source, progress)


def row_differences(wanted: dict[str, int], found: dict[str, int]) -> list[str]:
    """List the tables whose number of rows differs from the count in the manifest."""
    return [
        f"{table} has {found.get(table, 'no')} rows, the backup was made with {wanted.get(table, 'none')}."
        for table in sorted(wanted.keys() | found.keys())
        if wanted.get(table) != found.get(table)
    ]
