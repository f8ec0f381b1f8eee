"""Progress bars of long commands."""

import sys

import click

WIDTH = 24
STEPS = 200


def show(step: str, done: int, total: int) -> None:
    """Draw a progress bar on a terminal; elsewhere print a line when a step is finished."""
    if not sys.stderr.isatty():
        if done == total:
            click.echo(f"  {step}: {total}" if total > 1 else f"  {step}", err=True)
        return
    if done < total and done % max(total // STEPS, 1):
        return
    filled = round(WIDTH * done / total) if total else WIDTH
    end = "\n" if done == total else ""
    bar = "#" * filled + "." * (WIDTH - filled)
    click.echo(f"\r  {step:32} [{bar}] {done}/{total}{end}", nl=False, err=True)
