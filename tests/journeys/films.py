"""A real, short film for tests: a moving square with a tone, 24 seconds unless told otherwise, as an MP4."""

import tempfile
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from flask import Flask

import storage
from models import Caption, Lesson, MediaAsset, MediaStatus, db

SECONDS, RATE, FPS = 24, 24_000, 10
VTT = """WEBVTT

00:00:00.000 --> 00:00:08.000
First the square is on the left

00:00:08.000 --> 00:00:16.000
Then it crosses the middle

00:00:16.000 --> 00:00:24.000
And at last it is on the right
"""


def shoot(path: Path, seconds: int = SECONDS, sound_only: bool = False) -> None:
    """Write the film, so many seconds long, or its sound alone to `path`."""
    path.write_bytes(_shot(seconds, sound_only))


@lru_cache
def _shot(seconds: int, sound_only: bool) -> bytes:
    """Encode the film once per process: every test shows the same one."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "film.mp4", seconds, sound_only)
        return (Path(folder) / "film.mp4").read_bytes()


def _write(path: Path, seconds: int, sound_only: bool) -> None:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        streams: list[Any] = []
        if not sound_only:
            video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": "10"})
            video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
            streams.append(video)
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        streams.append(sound)
        for number in range(0 if sound_only else seconds * FPS):
            picture = np.full((180, 320, 3), 230, dtype=np.uint8)
            left = number * 260 // (seconds * FPS)
            picture[60:120, left : left + 60] = (15, 118, 110)
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        wave = 0.1 * np.sin(2 * np.pi * 220 * np.arange(seconds * RATE) / RATE)
        for start in range(0, len(wave), 1024):
            part = np.zeros((1, 1024), dtype=np.float32)
            part[0, : len(wave[start : start + 1024])] = wave[start : start + 1024]
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            for packet in sound.encode(frame):
                container.mux(packet)
        for stream in streams:
            for packet in stream.encode(None):
                container.mux(packet)


def show(app: Flask, lesson_id: uuid.UUID, path: Path, seconds: int = SECONDS) -> None:
    """Make the film, so many seconds long, the recording of a lesson, with captions and chapters."""
    with app.app_context():
        lesson = db.session.get_one(Lesson, lesson_id)
        lesson.duration_seconds = seconds
        asset = MediaAsset(
            course_id=lesson.course_id, lesson_id=lesson.id, storage_key="", mp4="film.mp4", width=320,
            height=180, status=MediaStatus.READY, duration_seconds=float(seconds),
            chapters=[{"start": 0, "title": "Left"}, {"start": seconds // 2, "title": "Right"}],
        )  # fmt: skip
        db.session.add(asset)
        db.session.flush()
        asset.storage_key = f"media/{asset.id}/film.mp4"
        storage.current().put(asset.storage_key, path.read_bytes(), "video/mp4")
        db.session.add(Caption(asset_id=asset.id, language="en", label="English", vtt=VTT))
        db.session.commit()
