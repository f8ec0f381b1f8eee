"""Fixtures from elsewhere."""

from tests.platform.backup_target import target  # noqa: F401
