"""`flask import course` and `flask export course`: a course as a folder of Markdown files."""

from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select

from cli import progress
from domain import Refused
from domain.people import accounts
from domain.portable import InvalidCourse, exporting, folder_writer, importing
from models import Course, db

import_group = AppGroup("import", help="Read courses from files.")
export_group = AppGroup("export", help="Write courses to files.")


@import_group.command("course")
@click.argument("place", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--creator", required=True, metavar="EMAIL", help="Whose course it becomes.")
def import_course(place: Path, creator: str) -> None:
    """Import the folder or zip DIR as a draft; the format is in docs/creators/import-and-export.md.

    Nothing is imported unless all of it is valid.
    """
    user = accounts.find(creator)
    if user is None or not (user.is_creator or user.is_admin):
        raise click.ClickException(f"{creator} isn’t the address of a creator.")
    try:
        made = importing.prepare_folder(place, user, progress.show)
        course = importing.write_or_undo(made, user, place.name)
    except InvalidCourse as broken:
        db.session.rollback()
        for problem in broken.problems:
            click.echo(f"  {problem}", err=True)
        raise click.ClickException(broken.sentence) from broken
    said = f"“{course.title}” is a draft at /courses/{course.slug} with {course.lesson_count} lessons."
    try:
        db.session.commit()
    except BaseException:
        made.discard()
        raise
    for hint in made.hints:
        click.echo(f"  Note: {hint}", err=True)
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
