"""`flask payouts`: what a run would pay, start one, and how payouts stand."""

import click
from flask.cli import AppGroup

import jobs
from domain import Refused
from domain.base import clock, money
from domain.payouts import holds, listing, planning, runs
from models import PayoutStatus, db

payouts_group = AppGroup("payouts", help="Plan, start and look at payouts to creators.")


@payouts_group.command("plan")
def plan() -> None:
    """List whom a run would pay now, and whom not for which reasons. Changes nothing."""
    for due in planning.everything(clock.now()):
        what = money.money(due.amounts.paid_cents if due.is_paid else due.amounts.lines_cents, due.currency)
        why = "; ".join(f"{hold.code.value}: {holds.WORDS[hold.code].admin_step}" for hold in due.holds)
        click.echo(f"{'pay ' if due.is_paid else 'hold'}  {due.creator.email:40} {what:>14}  {why}")
    for one in planning.sums(clock.now()):
        paid, held = (money.money(cents, one.currency) for cents in (one.paid_cents, one.held_cents))
        click.echo(f"{paid} to {one.creators} creators, {held} of {one.held} creators held back")


@payouts_group.command("run")
@click.option("--wait", is_flag=True, help="Do the worker’s part here, until everything is asked for.")
def run(wait: bool) -> None:
    """Start a run: the worker pays every creator who can be paid."""
    try:
        started = runs.start(None)
    except Refused as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    click.echo(f"run {started.id} has started")
    if wait:
        jobs.run_all(limit=1_000_000)
        _status()


@payouts_group.command("status")
def status() -> None:
    """Count the payouts by state, and list the newest runs and the open holds."""
    _status()


def _status() -> None:
    for state in PayoutStatus:
        click.echo(f"{state.value:9} {listing.count(state)}")
    for one in listing.runs():
        counts = ", ".join(f"{number} {state.value}" for state, number in one.counts.items()) or "none"
        sums = ", ".join(money.money(cents, currency) for currency, cents in one.cents.items()) or "nothing"
        click.echo(
            f"{one.run.created_at:%Y-%m-%d %H:%M}  {one.run.month or 'on demand':10} {counts}; paid {sums}"
        )
    for hold in listing.open_holds(None).rows:
        words = holds.WORDS[hold.code]
        click.echo(f"{hold.creator.email:40} {hold.code.value}: {words.admin_step} {hold.detail}")
