"""`flask ledger check`: consistency checks of the ledger."""

import sys

import click
from flask.cli import AppGroup

import payments
from domain.books import findings, reading
from domain.ledger import checks
from models import BooksCheck, db

ledger_group = AppGroup("ledger", help="Check the books.")


@ledger_group.command("check")
@click.option("--stripe", is_flag=True, help="Compare with Stripe’s books too, as every night.")
def check(stripe: bool) -> None:
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
    if stripe:
        wrong += _compare_with_stripe()
    if wrong:
        raise click.ClickException(f"{wrong} rows don’t match.")
    click.echo("The books are correct.")


def read_on() -> BooksCheck | None:
    """Do a whole check, committed page by page; None without a key. Raises PaymentUnavailable."""
    while (section := reading.begin()) is not None:
        db.session.commit()
        found = reading.read(section)
        db.session.rollback()
        reading.end(section, found)
        db.session.commit()
        check = db.session.get_one(BooksCheck, section.check_id)
        if check.finished_at is not None:
            return check
    return None


def _compare_with_stripe() -> int:
    """Read what moved at Stripe, compare it, and print what differs; how much that is."""
    try:
        done = read_on()
    except payments.PaymentUnavailable as error:
        raise click.ClickException(f"Stripe can’t be asked: {error} Run it again to go on.") from error
    if done is None:
        raise click.ClickException("There is no key for Stripe.")
    rows = findings.listed_open()
    click.echo(f"{'ok   ' if not rows else 'WRONG'}  Stripe’s books, {done.movements} new movements")
    for row in rows:
        click.echo(f"       {row.sentence}")
    return len(rows)
