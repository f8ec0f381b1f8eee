"""`flask stats`: numbers that are kept beside what they count, counted anew."""

import click
from flask.cli import with_appcontext

from domain import search, totals
from models import db

STEPS = {
    "Ratings": totals.recount_ratings,
    "Sales": totals.recount_sales,
    "Lessons": totals.recount_lessons,
}


@click.group()
def stats() -> None:
    """Numbers that are kept beside what they count."""


@stats.command()
@with_appcontext
def rebuild() -> None:
    """Count ratings, sales and lessons again, and write the words of search anew."""
    for name, recount in STEPS.items():
        corrected = recount()
        db.session.commit()
        click.echo(f"{name}: {corrected:,} corrected")
    with click.progressbar(length=search.size(), label="Search") as bar:
        done = 0
        for written in search.reindex_all():
            db.session.commit()
            bar.update(written - done)
            done = written
    click.echo(f"Search: {done:,} products written")
