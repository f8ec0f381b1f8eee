"""The one clock of the rules, so that tests can move it."""

from models import now

__all__ = ["now"]
