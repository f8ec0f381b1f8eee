"""`flask ledger check`: consistency checks of the ledger."""

import sys

import click
from flask.cli import AppGroup

from domain.ledger import checks

ledger_group = AppGroup("ledger", help="Check the books.")


@ledger_group.command("check")
def check() -> None:
    """Compare orders, purchases, earnings, access and refunds; exit 1 with the rows that disagree."""
    found: dict[str, list[str]] = {}
    with click.progressbar(list(checks.LIVE_CHECKS), label="Checking the books", file=sys.stderr) as bar:
        for name in bar:
            found[name] = checks.LIVE_CHECKS[name]()
    for name, rows_wrong in found.items():
        click.echo(f"{'ok   ' if not rows_wrong else 'WRONG'}  {name}")
        for row in rows_wrong:
            click.echo(f"       {row}")
    wrong = sum(len(rows) for rows in found.values())
    if wrong:
        raise click.ClickException(f"{wrong} rows don’t match.")
    click.echo("The books are correct.")
