"""Mail to whoever runs the shop."""

from mail.composing import base_url, compose
from models import EmailMessage


def backup_problem(to: str, headline: str, sentence: str) -> EmailMessage:
    """Tell whoever runs the shop that a backup was not made, or could not be restored, and why."""
    return compose(
        "backup_problem", to, headline=headline, problem=sentence, backups_url=f"{base_url()}/admin/backups"
    )
