"""Mail to the shop's operator."""

from domain.base.addresses import url_to
from mail.composing import compose
from models import EmailMessage


def backup_problem(to: str, headline: str, sentence: str) -> EmailMessage:
    """Report that a backup failed or could not be restored, and why."""
    return compose(
        "backup_problem", to, headline=headline, problem=sentence, backups_url=url_to("admin.backups")
    )
