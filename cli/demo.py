"""`flask demo`: the demo marketplace."""

import sys

import click
from flask.cli import with_appcontext

from demo import loader
from models import db

WIDTH = 24


@click.command("demo")
@click.option("--films/--no-films", default=True, help="Whether to render the demo's short films.")
@with_appcontext
def demo(films: bool) -> None:
    """Load the demo courses, people, orders and reviews. Safe to run twice."""
    if loader.is_loaded():
        click.echo("The demo is already loaded.")
        return
    count = loader.load(show_progress, with_films=films)
    db.session.commit()
    loader.add_up(show_progress)
    click.echo(f"{count} demo courses loaded.")


def show_progress(what: str, done: int, total: int) -> None:
    """Draw a bar on a terminal; elsewhere one line when a step is finished."""
    if sys.stdout.isatty() and total:
        filled = round(WIDTH * done / total)
        end = "\n" if done == total else ""
        click.echo(f"\r  {what:32} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total}{end}", nl=False)
    elif done == total:
        click.echo(f"  {what}: {total}" if total > 1 else f"  {what}")
