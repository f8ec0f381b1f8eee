"""Rendering of the demo's films in parallel, and storing them as recordings of their lessons."""

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import storage
from demo import films
from models import Caption, Lesson, MediaAsset, MediaStatus, db

LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}


@dataclass(frozen=True)
class Screening:
    """A film script and the lesson it belongs to."""

    lesson: Lesson
    script: dict[str, Any]


def render_all(screenings: list[Screening], done: Callable[[], None]) -> None:
    """Render and store every film, on all cores; `done` is called after each."""
    with (
        tempfile.TemporaryDirectory(prefix="lectern-demo-") as folder,
        ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool,
    ):
        waiting = {
            pool.submit(films.render, screening.script, Path(folder) / f"{number}.mp4"): (number, screening)
            for number, screening in enumerate(screenings)
        }
        made: dict[int, tuple[Screening, films.Film]] = {}
        for future in as_completed(waiting):
            number, screening = waiting[future]
            made[number] = (screening, future.result())
            done()
        for number in sorted(made):
            _keep(*made[number], Path(folder) / f"{number}.mp4")


def _keep(screening: Screening, film: films.Film, path: Path) -> None:
    lesson = screening.lesson
    asset = MediaAsset(
        course_id=lesson.course_id,
        lesson_id=lesson.id,
        storage_key="",
        status=MediaStatus.READY,
        duration_seconds=film.duration,
        width=film.width,
        height=film.height,
        format="mp4",
        mp4="film.mp4",
        poster="poster.jpg",
        chapters=[{"start": start, "title": title} for start, title in film.chapters],
        size=path.stat().st_size,
    )
    db.session.add(asset)
    db.session.flush()
    asset.storage_key = f"media/{asset.id}/film.mp4"
    with path.open("rb") as file:
        storage.current().put(asset.storage_key, file, "video/mp4")
    storage.current().put(f"media/{asset.id}/poster.jpg", film.poster, "image/jpeg")
    lesson.duration_seconds = round(film.duration)
    for language, vtt in sorted(film.captions.items()):
        label = LANGUAGES.get(language, language)
        db.session.add(Caption(asset_id=asset.id, language=language, label=label, vtt=vtt))
