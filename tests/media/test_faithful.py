"""Films look and sound in their renditions as they are: shape, colour, level, and picture with sound."""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageStat

import media

pytestmark = [pytest.mark.slow, pytest.mark.once]

W, H = 64, 36
Grey = np.ndarray
Pictures = Iterable[tuple[float, Grey]]


def film(
    path: Path,
    pictures: Pictures,
    *,
    size: tuple[int, int] = (W, H),
    pixels: str = "yuv420p",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    ratio: Fraction | None = None,
    colors: tuple[int, int, int] | None = None,
    layout: str = "",
    seconds: float = 1,
    loud: float = 0.25,
) -> Path:
    """Write a film of grey pictures (RGB arrays) at their moments, with a tone in `layout` from 0 on."""
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream(codec, rate=25, options={"preset": "ultrafast", **(options or {})})
        video.width, video.height, video.pix_fmt = *size, pixels
        video.codec_context.time_base = Fraction(1, 1000)
        if ratio:
            video.sample_aspect_ratio = ratio
        if colors:
            context = video.codec_context
            context.colorspace, context.color_primaries, context.color_trc = colors
        sound: Any = out.add_stream("aac", rate=48_000, layout=layout) if layout else None
        for at, rgb in pictures:
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixels)
            if colors:
                frame.colorspace, frame.color_primaries, frame.color_trc = colors
            frame.pts, frame.time_base = round(at * 1000), Fraction(1, 1000)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            wave = loud * np.sin(2 * math.pi * 440 * np.arange(round(seconds * 48_000)) / 48_000)
            channels = sound.codec_context.layout.nb_channels
            for start in range(0, len(wave) - 1023, 1024):
                part = np.tile(wave[start : start + 1024].astype(np.float32), (channels, 1))
                piece = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                piece.sample_rate, piece.pts, piece.time_base = 48_000, start, Fraction(1, 48_000)
                out.mux(sound.encode(piece))
            out.mux(sound.encode(None))
    return path


def plain(level: int, size: tuple[int, int] = (W, H)) -> Grey:
    return np.full((size[1], size[0], 3), level, np.uint8)


def steady(count: int, every: float, level: Callable[[int], int] = lambda n: 60 + n % 90) -> Pictures:
    """So many pictures, each `every` seconds."""
    return [(number * every, plain(level(number))) for number in range(count)]


def played(path: Path) -> tuple[list[av.VideoFrame], list[av.AudioFrame]]:
    with av.open(str(path)) as container:
        pictures = list(container.decode(video=0))
    with av.open(str(path)) as container:
        return pictures, list(container.decode(audio=0)) if container.streams.audio else []


def lengths(playlist: Path) -> list[float]:
    lines = playlist.read_text().splitlines()
    return [float(line[8:].rstrip(",")) for line in lines if line.startswith("#EXTINF:")]


def loudness(frames: list[av.AudioFrame]) -> float:
    """The root mean square of the first channel, without its edges."""
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return float(np.sqrt(np.mean(samples[4096:-4096] ** 2)))


def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are(tmp_path: Path) -> None:
    wide = film(tmp_path / "wide.mp4", steady(25, 0.04), size=(72, 56), ratio=Fraction(64, 45))
    made = media.process(wide, tmp_path / "out")
    assert (made.width, made.height) == (102, 56)
    assert "RESOLUTION=102x56" in (tmp_path / "out/master.m3u8").read_text()
    assert Image.open(tmp_path / "out/poster.jpg").size == (102, 56)
    with av.open(str(tmp_path / "out/video.mp4")) as copy:  # browsers apply what the copy states
        assert copy.streams.video[0].sample_aspect_ratio == Fraction(64, 45)
    high = film(tmp_path / "high.mp4", steady(5, 0.04), size=(72, 48), ratio=Fraction(8, 9))
    assert (media.probe(high).width, media.probe(high).height) == (72, 54)


@pytest.mark.parametrize(("every", "kept"), [(1 / 120, 60), (1 / 90, 45)])
def test_at_most_sixty_pictures_a_second_are_kept_at_even_times(
    tmp_path: Path, every: float, kept: int
) -> None:
    source = film(tmp_path / "fast.mkv", steady(round(1 / every), every))
    media.process(source, tmp_path / "out")
    pictures, _ = played(tmp_path / "out/36p.m3u8")
    assert len(pictures) == kept
    times = [float(one.pts * one.time_base) for one in pictures if one.pts is not None and one.time_base]
    assert all(after - before == pytest.approx(1 / kept, abs=0.002) for before, after in pairwise(times))
    assert lengths(tmp_path / "out/36p.m3u8") == [pytest.approx(1, abs=0.02)]


def test_a_slide_that_stands_long_is_cut_into_segments_and_lasts_as_long_as_the_sound(tmp_path: Path) -> None:
    """A recorder of screens writes a picture only when something changes."""
    changes = [(0.0, plain(60)), (0.5, plain(200))]
    source = film(tmp_path / "slides.mkv", changes, layout="mono", seconds=9)
    media.process(source, tmp_path / "out")
    assert lengths(tmp_path / "out/36p.m3u8") == [4, 4, pytest.approx(1, abs=0.06)]


def test_a_picture_that_starts_later_than_the_sound_stays_with_it(tmp_path: Path) -> None:
    late = [(2 + number / 25, plain(60 if number < 25 else 220)) for number in range(50)]
    source = film(tmp_path / "late.mkv", late, layout="stereo", seconds=4)
    media.process(source, tmp_path / "out")
    for name in ("36p.m3u8", "video.mp4"):
        pictures, sound = played(tmp_path / "out" / name)
        bright = next(one for one in pictures if one.to_ndarray(format="gray").mean() > 140)
        assert bright.time is not None
        assert sound[0].time is not None
        assert bright.time - sound[0].time == pytest.approx(3, abs=0.05), name


@pytest.mark.parametrize(
    ("layout", "written", "level"), [("mono", "mono", 1), ("stereo", "stereo", 1), ("5.1", "stereo", 2.41)]
)
def test_sound_keeps_its_level(tmp_path: Path, layout: str, written: str, level: float) -> None:
    source = film(tmp_path / "a.mkv", steady(25, 0.04), layout=layout, codec="mpeg4", loud=0.2)
    media.process(source, tmp_path / "out")
    _, before = played(source)
    for name in ("36p.m3u8", "video.mp4"):
        _, sound = played(tmp_path / "out" / name)
        assert sound[0].layout.name == written
        assert loudness(sound) == pytest.approx(loudness(before) * level, rel=0.05), name


def test_an_interlaced_film_has_whole_pictures(tmp_path: Path) -> None:
    """The lines of two moments stand between each other: a comb, and none is left."""
    combed = []
    for number in range(25):
        both = plain(40 + number * 74 % 160)
        both[1::2] = 40 + (number * 74 + 37) % 160
        combed.append((number * 0.04, both))
    source = film(tmp_path / "comb.mp4", combed, options={"x264-params": "tff=1", "crf": "10"})
    assert media.probe(source).interlaced
    media.process(source, tmp_path / "out")
    for name in ("36p.m3u8", "video.mp4"):
        pictures, _ = played(tmp_path / "out" / name)
        assert len(pictures) == 25
        lines = pictures[10].to_ndarray(format="gray").mean(axis=1)
        assert np.abs(np.diff(lines[4:-4])).max() < 40, name


def test_a_film_that_starts_black_has_a_poster_that_shows_something(tmp_path: Path) -> None:
    half = plain(0)
    half[:, : W // 2] = 230
    shown = [(n * 0.04, plain(0) if n * 0.04 < 0.7 else half) for n in range(25)]
    source = film(tmp_path / "dark.mp4", shown, options={"g": "250"})
    media.poster(source, tmp_path / "poster.jpg")
    assert ImageStat.Stat(Image.open(tmp_path / "poster.jpg").convert("L")).stddev[0] > 50


def test_a_film_of_one_colour_has_a_poster_all_the_same(tmp_path: Path) -> None:
    media.poster(film(tmp_path / "dark.mp4", steady(25, 0.04, lambda _: 0)), tmp_path / "poster.jpg")
    assert Image.open(tmp_path / "poster.jpg").size == (W, H)


def test_high_dynamic_range_becomes_what_every_screen_shows(tmp_path: Path) -> None:
    """White of 203 cd/m² (BT.2408), half of PQ's scale, is white again instead of a dull grey."""
    levels = [(n * 0.04, plain(148)) for n in range(25)]
    source = film(tmp_path / "a.mkv", levels, pixels="yuv420p10le", colors=(9, 9, 16))
    media.process(source, tmp_path / "out")
    pictures, _ = played(tmp_path / "out/36p.m3u8")
    assert pictures[5].format.name == "yuv420p"
    assert (pictures[5].colorspace, pictures[5].color_trc) == (1, 1)
    assert np.array(pictures[5].planes[0])[W * 10 + 10] > 220
    assert ImageStat.Stat(Image.open(tmp_path / "out/poster.jpg").convert("L")).mean[0] > 235


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a.mkv", {"pixels": "yuv422p"}),
        ("c.mkv", {"pixels": "yuv420p10le"}),
        ("d.mp4", {"pixels": "yuvj420p"}),
        ("g.mkv", {"pixels": "rgb24", "codec": "libx264rgb"}),
        ("e.mkv", {"size": (65, 37), "codec": "libvpx", "options": {"preset": ""}}),
        ("f.mkv", {"size": (37, 65), "codec": "mjpeg", "pixels": "yuvj444p"}),
    ],
)
def test_greys_stay_what_they_were_in_every_format(tmp_path: Path, name: str, made: dict[str, Any]) -> None:
    size = made.get("size", (W, H))
    greys = [(number * 0.04, plain(130, size)) for number in range(25)]
    done = media.process(film(tmp_path / name, greys, **made), tmp_path / "out")
    assert (done.width, done.height) == size
    for file in ("master.m3u8", "video.mp4"):
        pictures, _ = played(tmp_path / "out" / file)
        assert pictures[5].to_ndarray(format="rgb24").mean() == pytest.approx(130, abs=4)
    assert ImageStat.Stat(Image.open(tmp_path / "out/poster.jpg")).mean[0] == pytest.approx(130, abs=4)


@pytest.mark.parametrize(
    ("side", "qualities"),
    [(2160, [1080, 720, 480, 360]), (1080, [1080, 720, 480, 360]), (900, [900, 720, 480, 360]),
     (768, [768, 480, 360]), (720, [720, 480, 360]), (361, [360]), (180, [180])],
)  # fmt: skip
def test_the_best_quality_is_the_films_own_up_to_1080_lines(side: int, qualities: list[int]) -> None:
    from media.renditions import ladder

    facts = media.Probe("video", "mov", 1, side * 16 // 9, side)
    assert ladder(facts, media.HEIGHTS) == qualities
