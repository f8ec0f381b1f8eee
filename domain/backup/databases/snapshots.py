"""Snapshots of a live SQLite database (WAL), released without making its writers wait.

While a snapshot is held, checkpoints can't move the write-ahead log into the database, so it grows. The first
commit after the snapshot would checkpoint all of it and wait for the disk: here we do that instead.
"""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from domain.backup.model import BackupError

# Long enough for a thread to start, too short for a writer to notice.
HANDOVER_SECONDS = 0.02
# A transaction longer than this checkpoints the log itself.
PATIENCE_MILLISECONDS = 5000
# In a subprocess: closing a file releases all POSIX locks of this process on it, SQLite's too.
FLUSH = "import os, sys; os.fsync(os.open(sys.argv[1], os.O_RDONLY))"


@contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Provide a connection that sees the database as it is now, whatever is written meanwhile."""
    with closing(connect(path)) as live:
        _begin(live)
        yield live
        with suppress(sqlite3.OperationalError):
            _let_go(path, live)


def connect(path: Path) -> sqlite3.Connection:
    """Open the database file at `path`; BackupError when there is none."""
    if not path.is_file():
        raise BackupError(f"There is no database at {path}.")
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30, check_same_thread=False)


def _begin(connection: sqlite3.Connection) -> None:
    """Begin a read transaction; the first read fixes its snapshot."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _let_go(path: Path, live: sqlite3.Connection) -> None:
    """End the snapshot, and checkpoint the log that grew meanwhile.

    A second snapshot of this moment keeps the log from being reset, so that no writer has to sync the
    database before it was flushed here. The write lock is held for an instant, in which a thread begins the
    checkpoint.
    """
    with closing(connect(path)) as later, closing(connect(path)) as gate, closing(connect(path)) as mover:
        _begin(later)
        gate.execute(f"PRAGMA busy_timeout={PATIENCE_MILLISECONDS}")
        moving = threading.Thread(target=lambda: mover.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())
        gate.execute("BEGIN IMMEDIATE")
        live.execute("COMMIT")
        moving.start()
        time.sleep(HANDOVER_SECONDS)
        gate.execute("ROLLBACK")
        moving.join()
        subprocess.run([sys.executable, "-c", FLUSH, str(path)], check=False, capture_output=True)
        later.execute("COMMIT")
