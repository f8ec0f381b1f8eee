"""The clock of all rules, which tests replace."""

from models import now

__all__ = ["now"]
