"""`flask stats`: recompute denormalised counts, daily totals and the search index."""

import click
from flask.cli import with_appcontext

from domain.analytics import daily_counts
from domain.base import clock
from domain.catalog import counters, price_history
from domain.catalog.index import search
from domain.community import reviews
from domain.learning import progress
from domain.people import names
from models import db

STEPS = {
    "Ratings": reviews.recount_all,
    "Sales": counters.recount_purchases,
    "Holders": counters.recount_holders,
    "Reference prices": price_history.recount,
    "Lessons": counters.recount_lessons,
    "Progress": progress.recount_all,
    "Names": names.refold_all,
}


@click.group()
def stats() -> None:
    """Recompute numbers that are stored beside what they count."""


@stats.command()
@with_appcontext
def rebuild() -> None:
    """Recompute ratings, sales, holders, lessons, progress and daily totals, and rebuild the search index."""
    for name, recount in STEPS.items():
        corrected = recount()
        db.session.commit()
        click.echo(f"{name}: {corrected:,} corrected")
    _count_days()
    with click.progressbar(length=search.size(), label="Search") as bar:
        done = 0
        for written in search.reindex_all():
            db.session.commit()
            bar.update(written - done)
            done = written
    click.echo(f"Search: {done:,} products written")


def _count_days() -> None:
    """Recompute the daily totals, from the first day on."""
    today = clock.now().date()
    first = daily_counts.first_day() or today
    db.session.rollback()
    total, done = (today - first).days + 1, 0
    with click.progressbar(length=total, label="Days") as bar:
        for counted in daily_counts.count(first, today):
            bar.update(counted - done)
            done = counted
    click.echo(f"Days: {done:,} counted")
