"""The commands of `flask`, one file each."""

import click

from cli.admin import create_admin, require_second_factor, reset_second_factor, set_currency
from cli.backup import backup_group
from cli.courses import export_group, import_group
from cli.demo import demo
from cli.jobs import jobs_group
from cli.ledger import ledger_group
from cli.payouts import payouts_group
from cli.stats import stats
from cli.upgrade import upgrade_after_backup  # noqa: F401 - it is `flask db upgrade`
from cli.worker import worker

COMMANDS: list[click.Command] = [
    worker,
    demo,
    jobs_group,
    ledger_group,
    payouts_group,
    stats,
    backup_group,
    create_admin,
    reset_second_factor,
    require_second_factor,
    set_currency,
    import_group,
    export_group,
]
