"""`flask demo`: the demo marketplace."""

import click
from flask.cli import with_appcontext

from cli import progress
from domain.platform import settings
from models import db


@click.command("demo")
@click.option("--films/--no-films", default=True, help="Whether to render the demo's short films.")
@with_appcontext
def demo(films: bool) -> None:
    """Load the demo courses, people, orders and reviews. Safe to run twice."""
    # NumPy and av, which draw the films, are for whoever runs this, and not for every web worker.
    from demo import loader

    if loader.is_loaded():
        click.echo("The demo is already loaded.")
        return
    currency = settings.current().currency
    if currency != "usd":
        raise click.ClickException(
            f"The demo is priced in US dollars, and this site sells in {currency.upper()}."
        )
    count = loader.load(progress.show, with_films=films)
    db.session.commit()
    loader.add_up(progress.show)
    click.echo(f"{count} demo courses loaded.")
