"""`flask create-admin`, and commands for people who are locked out by the second factor."""

import click
from flask.cli import with_appcontext

from domain import Refused
from domain.base.text import one_line
from domain.catalog import currency
from domain.people import accounts, second_factor, sessions
from domain.platform import settings
from models import db


@click.command("create-admin")
@click.argument("email")
@click.option("--name", default="Admin", show_default=True, help="The name other people see.")
@click.password_option(
    envvar="ADMIN_PASSWORD", help="At least ten characters. You’re asked for it if you leave it out."
)
@with_appcontext
def create_admin(email: str, name: str, password: str) -> None:
    """Make EMAIL an admin: a new account, or the one that has this address."""
    try:
        user = accounts.make_admin(one_line(email), one_line(name), password)
        sessions.end_all(user)  # sessions of the account's former owner end
    except Refused as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    click.echo(f"{user.email} is an admin and can sign in.")


@click.command("reset-second-factor")
@click.argument("email")
@with_appcontext
def reset_second_factor(email: str) -> None:
    """Let EMAIL sign in without a code again; they are told by mail."""
    try:
        user = accounts.find(accounts.normalise(email))
        if user is None:
            raise Refused(f"There is no account with the address {email}.")
        second_factor.remove(user, None)
    except Refused as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    click.echo(f"{user.email} can now sign in without a code.")


@click.command("require-second-factor")
@click.argument("wish", type=click.Choice(["on", "off"]))
@with_appcontext
def require_second_factor(wish: str) -> None:
    """Ask every admin for a second factor (on), or leave it to them (off)."""
    settings.change(None, admin_second_factor=wish == "on")
    db.session.commit()
    click.echo(
        "Two-factor authentication is required for admins."
        if wish == "on"
        else "Two-factor authentication is optional for admins."
    )


@click.command("set-currency")
@click.argument("code")
@with_appcontext
def set_currency(code: str) -> None:
    """Sell in the currency CODE, such as EUR; possible until the first order."""
    try:
        currency.change(code, None)
    except Refused as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    settings.forget()
    click.echo(f"Courses are sold in {settings.current().currency.upper()}.")
