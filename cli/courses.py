"""`flask import course` and `flask export course`: a course as a folder of Markdown files."""

from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select

from cli import progress
from domain import Refused
from domain.base.counts import plural
from domain.people import accounts
from domain.portable import InvalidCourse, exporting, folder_writer, importing, report
from models import Course, db

import_group = AppGroup("import", help="Read courses from files.")
export_group = AppGroup("export", help="Write courses to files.")


@import_group.command("course")
@click.argument("place", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--creator", required=True, metavar="EMAIL", help="Whose course it becomes.")
@click.option(
    "--keep-going/--strict", default=True, help="Note dead links and unusable pictures, or refuse them."
)
def import_course(place: Path, creator: str, keep_going: bool) -> None:
    """Import the folder or zip DIR as a draft; the format is in docs/creators/import-and-export.md.

    If anything is wrong, nothing is imported.
    """
    user = accounts.find(creator)
    if user is None or not (user.is_creator or user.is_admin):
        raise click.ClickException(f"{creator} isn’t the address of a creator.")
    try:
        made = importing.prepare_folder(place, user, progress.show, strict=not keep_going)
        course = importing.write_or_undo(made, user, place.name)
    except InvalidCourse as broken:
        db.session.rollback()
        for line in report.lines(report.grouped(broken.problems)):
            click.echo(f"  {line}", err=True)
        raise click.ClickException(broken.sentence) from broken
    said = (
        f"“{course.title}” is a draft at /courses/{course.slug} with {plural(course.lesson_count, 'lesson')}."
    )
    try:
        db.session.commit()
    except BaseException:
        made.discard()
        raise
    for line in report.lines(report.grouped(made.notes)):
        click.echo(f"  {line}" if line.startswith(" ") else f"  Note: {line}", err=True)
    click.echo(made.summary)
    click.echo(said)


@export_group.command("course")
@click.argument("slug")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def export_course(slug: str, folder: Path) -> None:
    """Export the course at SLUG into the folder DIR, which must be empty or absent."""
    course = db.session.scalar(select(Course).where(Course.slug == slug, Course.deleted_at.is_(None)))
    if course is None:
        raise click.ClickException(f"There is no course at {slug}.")
    try:
        entries = exporting.entries(course)
        db.session.rollback()  # hold no transaction while files are copied
        folder_writer.to_folder(entries, folder, progress.show)
    except Refused as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    except FileNotFoundError as error:
        raise click.ClickException(f"A file of this course is missing from storage: {error}") from error
    click.echo(f"{len(entries)} files are in {folder}.")
