"""The current password beside what it protects, however fresh the last proof is."""

from web.fresh_proof import prove_password


def prove(password: str) -> None:
    """Go on only with the account's password. Raises Refused for the field `current`, attempts.TooMany."""
    prove_password(password, "current")
