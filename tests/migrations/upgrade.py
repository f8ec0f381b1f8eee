"""`flask db upgrade` as a process of its own that also finds a test's revisions.

Usage: DATABASE_URL=… LECTERN_DATA_DIR=… python -m tests.migrations.upgrade
"""

import os
from pathlib import Path

from tests.migrations.stage import Place

place = Place(Path(os.environ["LECTERN_DATA_DIR"]), os.environ["DATABASE_URL"])
place.upgrade()
