"""The current password, asked for in the form itself, however recent the last proof is."""

from web.reauthentication import prove_password


def prove(password: str) -> None:
    """Check the current password. Raises Refused for the field `current`, rate_limits.TooManyAttempts."""
    prove_password(password, "current")
