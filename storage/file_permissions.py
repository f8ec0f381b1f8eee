"""File permissions of the data folder: readable by its owner only.

Where nginx itself sends the files of storage/, its group may read them: see LECTERN_X_ACCEL_PREFIX.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from config import Settings

OURS = ("lectern.db*", "secret", "backup.lock", "backups")


def keep(settings: Settings) -> None:
    """Set the umask of this process, and restrict the permissions of existing files.

    Files of other owners are left alone. storage/ is walked once: afterwards its own mode marks that as done.
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
    """Remove the permissions that `allowed` lacks; the only ones ever added are nginx's on our folders."""
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
