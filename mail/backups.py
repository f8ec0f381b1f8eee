"""Mail to the shop's operator."""

from mail.composing import base_url, compose
from models import EmailMessage


def backup_problem(to: str, headline: str, sentence: str) -> EmailMessage:
    """Report that a backup failed or could not be restored, and why."""
    return compose(
        "backup_problem", to, headline=headline, problem=sentence, backups_url=f"{base_url()}/admin/backups"
    )
