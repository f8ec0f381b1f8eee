"""The data folder is for its owner alone, whatever made the files in it and whenever.

Where nginx sends the files of storage/ itself, its group may read: see LECTERN_X_ACCEL_PREFIX.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from config import Settings

OURS = ("lectern.db*", "queue.db*", "secret", "backup.lock", "backups")


def keep(settings: Settings) -> None:
    """Let this process make files for their owner only, and take from others what older ones let them read.

    Files of somebody else are left as they are. storage/ is walked once: its own mode says that it was done.
    """
    shared = 0o750 if settings.x_accel_prefix else 0o700
    os.umask(0o777 & ~shared)
    for path in _private(settings):
        _tighten(path, 0o700)
    storage = settings.data_dir / "storage"
    with suppress(FileNotFoundError):
        if stat.S_IMODE(storage.stat().st_mode) != shared:
            for folder, _folders, files in os.walk(storage):
                for name in files:
                    _tighten(Path(folder, name), shared)
                if Path(folder) != storage:
                    _tighten(Path(folder), shared)
        _tighten(storage, shared)
    _tighten(settings.data_dir, shared)


def _private(settings: Settings) -> Iterator[Path]:
    for pattern in OURS:
        yield from settings.data_dir.glob(pattern)
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        path = Path(url.database)
        yield from path.parent.glob(f"{path.name}*")


def _tighten(path: Path, allowed: int) -> None:
    """Take away what `allowed` doesn't have; nothing is ever added but nginx's way through our folders."""
    with suppress(FileNotFoundError, PermissionError):
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISLNK(found.st_mode) or mode & stat.S_ISVTX:
            return
        wanted = mode & allowed
        if allowed & 0o070:
            wanted |= 0o050 if stat.S_ISDIR(found.st_mode) else 0o040
        if wanted != mode:
            path.chmod(wanted)
