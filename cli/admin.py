"""`flask create-admin`: the first person who runs the shop."""

import click
from flask.cli import with_appcontext

from domain import Refused, accounts, sessions
from domain.text import one_line
from models import db


@click.command("create-admin")
@click.argument("email")
@click.option("--name", default="Admin", show_default=True, help="The name others see.")
@click.password_option(envvar="ADMIN_PASSWORD", help="At least ten characters; asked for when not given.")
@with_appcontext
def create_admin(email: str, name: str, password: str) -> None:
    """Make EMAIL an admin: a new account, or the one that has this address."""
    try:
        user = accounts.make_admin(one_line(email), one_line(name), password)
        sessions.end_all(user)  # whoever had the account before knew another password
    except Refused as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    click.echo(f"{user.email} is an admin and can sign in.")
