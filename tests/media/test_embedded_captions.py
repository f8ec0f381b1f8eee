"""Subtitles inside a film become captions, or the creator is told why not."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from flask import Flask
from sqlalchemy import select

import media
from domain.media import embedded_captions
from models import Caption, MediaAsset, db
from tests.cast import Cast

HEADER = b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n\n[Events]\n"


def timed(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()


def film(path: Path, codec: str, cues: list[bytes], language: str) -> Path:
    """A second of picture with two subtitles of four tenths."""
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 36, "yuv420p"
        track: Any = out.add_stream(codec)
        track.codec_context.subtitle_header = HEADER
        track.metadata["language"] = language
        for number in range(10):
            frame = av.VideoFrame(64, 36, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for number, content in enumerate(cues):
            packet = av.Packet(content)
            packet.pts = packet.dts = number * 500
            packet.duration, packet.time_base, packet.stream = 400, Fraction(1, 1000), track
            out.mux(packet)
    return path


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "codec", "cues"),
    [
        ("a.mp4", "mov_text", [timed("Grüße"), timed("a < b")]),
        ("a.mkv", "subrip", ["<i>Grüße</i>".encode(), b"a < b"]),
        ("b.mkv", "webvtt", ["<v Ann>Grüße".encode(), b"a &lt; b"]),
        ("c.mkv", "ass", [r"0,0,Default,,0,0,0,,{\i1}Grüße{\i0}".encode(), b"1,0,Default,,0,0,0,,a < b"]),
    ],
)
def test_text_of_every_format_is_read(
    app: Flask, cast: Cast, tmp_path: Path, name: str, codec: str, cues: list[bytes]
) -> None:
    made = media.process(film(tmp_path / name, codec, cues, "ger"), tmp_path / "out", heights=())
    with app.app_context():
        asset = MediaAsset(course_id=cast.flask_course.id, storage_key="", duration_seconds=1.0)
        db.session.add(asset)
        db.session.flush()
        assert embedded_captions.take(asset, made.subtitles) == [
            "Captions in Deutsch were taken from the video. Check them."
        ]
        caption = db.session.scalars(select(Caption).where(Caption.asset_id == asset.id)).one()
        assert (caption.language, caption.label) == ("de", "Deutsch")
        assert caption.vtt == (
            "WEBVTT\n\n00:00:00.000 --> 00:00:00.400\nGrüße\n\n00:00:00.500 --> 00:00:00.900\na &lt; b\n"
        )


def test_what_becomes_of_each_track_is_said(app: Flask, cast: Cast) -> None:
    def track(language: str, *words: str, forced: bool = False) -> media.EmbeddedSubtitles:
        cues = [media.SubtitleCue(at, at + 1.0, word) for at, word in enumerate(words)]
        return media.EmbeddedSubtitles(language, "", forced, "", cues)

    with app.app_context():
        asset = MediaAsset(course_id=cast.flask_course.id, storage_key="")
        db.session.add(asset)
        db.session.flush()
        db.session.add(Caption(asset_id=asset.id, language="fr", label="Mien", vtt="WEBVTT\n"))
        tracks = [
            track("spa", "Forced", forced=True), track("spa", "Hola"), track("fre", "Salut"), track("ger"),
            track("und", "Hello"),
        ]  # fmt: skip
        assert embedded_captions.take(asset, tracks) == [
            "Captions in Español were taken from the video. Check them.",
            "The video contains more subtitles in Français. They were left out, because it already has"
            " captions in that language.",
            "The video contains subtitles in Deutsch that can’t be used, because they aren’t text. Add"
            " captions as a file.",
            "Captions in English were taken from the video. The file doesn’t state their language. Check"
            " them.",
            "The video contains more subtitles in Español. They were left out, because it already has"
            " captions in that language.",
        ]
        rows = db.session.scalars(select(Caption).where(Caption.asset_id == asset.id)).all()
        assert {row.language for row in rows} == {"en", "es", "fr"}
        assert next(row.label for row in rows if row.language == "fr") == "Mien"
