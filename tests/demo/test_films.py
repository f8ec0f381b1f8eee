"""The demo's films: every kind of scene is drawn and moves, and the same script gives the same file."""

import tomllib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import media
from demo import films
from demo.films.parts import Appear, Travel
from demo.films.sound import RATE, music
from demo.films.sprites import dot
from demo.films.stage import EVERYTHING, FPS, Stage, last_picture, play
from domain.base.webvtt import parse

SCRIPT = tomllib.loads("""
title = "Every kind of scene"
language = "en"
tone = "teal"

[[scenes]]
kind = "title"
seconds = 4
heading = "Every kind of scene"
lines = ["in one film"]
caption = "A sentence that is long enough to be broken into two lines by the film."
captions = { de = "Ein Satz." }
chapter = "Words"

[[scenes]]
kind = "bullets"
seconds = 4
heading = "Bullets"
items = ["one", "two"]
caption = "Two."
captions = { de = "Zwei." }

[[scenes]]
kind = "code"
seconds = 4
heading = "Code"
language = "python"
code = '''
def answer() -> int:

    return 42
'''
highlight = [1, 3]
caption = "Three."
captions = { de = "Drei.", es = "Tres." }

[[scenes]]
kind = "flow"
seconds = 5
heading = "Flow"
nodes = [
  { id = "a", label = "left", column = 0, row = 1 },
  { id = "b", label = "up", column = 2, row = 0, tone = "good" },
  { id = "c", label = "down", column = 2, row = 2, tone = "bad" },
]
edges = [
  { from = "a", to = "b", label = "first" },
  { from = "b", to = "c", label = "down it goes" },
  { from = "c", to = "b" },
  { from = "a", to = "b", label = "again", tone = "bad" },
]
caption = "Four."
captions = { de = "Vier." }
chapter = "Pictures"

[[scenes]]
kind = "bars"
seconds = 4
heading = "Bars"
unit = "ms"
values = [{ label = "much", value = 1234.5, tone = "bad" }, { label = "nothing", value = 0 }]
caption = "Five."
captions = { de = "Fünf." }

[[scenes]]
kind = "plot"
seconds = 4
heading = "Plot"
x_label = "x"
y_label = "y"
series = [{ label = "up", points = [[0, 0], [1, 1], [3, 9]] }, { label = "flat", points = [[0, 2], [3, 2]] }]
caption = "Six."
captions = { de = "Sechs." }

[[scenes]]
kind = "grid"
seconds = 4
heading = "Grid"
columns = 4
rows = 2
cells = [{ column = 0, row = 0, width = 2, label = "wide" }, { column = 3, row = 1, tone = "accent" }]
caption = "Seven."
captions = { de = "Sieben." }

[[scenes]]
kind = "timeline"
seconds = 4
heading = "Timeline"
unit = "s"
events = [{ at = 0, label = "begin" }, { at = 1, label = "soon after that" }, { at = 90, label = "end" }]
caption = "Eight."
captions = { de = "Acht." }
""")
SCRIPTS = sorted((Path(__file__).parents[2] / "demo/courses").glob("*/films/*.toml"))


def only(*kinds: str, tone: str = "teal") -> dict[str, Any]:
    return {**SCRIPT, "tone": tone, "scenes": [one for one in SCRIPT["scenes"] if one["kind"] in kinds]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[films.Film, Path]:
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return films.render(SCRIPT, path), path


def test_a_film_is_a_video_with_sound_that_starts_at_once(made: tuple[films.Film, Path]) -> None:
    film, path = made
    facts = media.probe(path)
    assert (facts.width, facts.height) == (film.width, film.height) == (1280, 720)
    assert (facts.video_codec, facts.audio_codec) == ("h264", "aac")
    assert film.duration == 33
    assert facts.duration == pytest.approx(33, abs=0.3)
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert film.poster.startswith(b"\xff\xd8\xff")


def test_its_captions_and_chapters_follow_the_scenes(made: tuple[films.Film, Path]) -> None:
    film, _ = made
    assert film.chapters == [(0.0, "Words"), (12.0, "Pictures")]
    assert set(film.captions) == {"en", "de"}
    cues = parse(film.captions["en"])
    assert len(cues) == 8
    assert cues[0].text == "A sentence that is long enough to be\nbroken into two lines by the film."
    assert (cues[3].start, cues[3].end) == (12.15, 16.9)
    assert parse(film.captions["de"])[4].text == "Fünf."


def test_it_moves_in_every_scene_and_rests_between(made: tuple[films.Film, Path]) -> None:
    _, path = made
    with av.open(str(path)) as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
    assert times == sorted(set(times))
    begun = 0.0
    for scene in SCRIPT["scenes"]:
        within = [time for time in times if begun <= time < begun + scene["seconds"]]
        assert len(within) > 10, scene["kind"]
        begun += scene["seconds"]
    assert len(times) < 33 * FPS * 0.9


def test_the_same_script_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        films.render(only("title", "timeline"), tmp_path / name)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_what_was_drawn_piece_by_piece_is_the_whole_picture() -> None:
    """The areas that are brought up to date cover everything that moved."""
    for scene in films._scenes(SCRIPT):
        *_, (_, shown) = play([scene])
        whole = Stage()
        whole.picture.paste(last_picture(scene))
        whole.show([EVERYTHING])
        assert np.abs(shown.astype(np.int16) - whole.yuv).max() <= 2


def test_a_traveller_is_gone_at_the_end_and_a_sprite_stays() -> None:
    scene = films._scenes(only("bullets"))[0]
    before = last_picture(scene).copy()
    scene.parts.append(Travel(dot(20, "#ff0000"), [(600, 400), (700, 400)], 0.5, 1))
    assert last_picture(scene).tobytes() == before.tobytes()
    scene.parts.append(Appear(dot(20, "#ff0000"), 600, 400, 0.5))
    assert last_picture(scene).getpixel((620, 420)) == (255, 0, 0)


def test_the_music_is_soft_and_ends_in_silence() -> None:
    sound = music(films._scenes(SCRIPT), 220.0)
    assert sound.shape == (2, 33 * RATE)
    assert 0.05 < np.abs(sound).max() < 0.6
    assert np.abs(sound[:, -50:]).max() < 0.01
    assert np.abs(np.diff(sound)).max() < 0.1  # no clicks


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_every_script_of_the_demo_can_be_drawn(path: Path) -> None:
    script = tomllib.loads(path.read_text(encoding="utf-8"))
    assert films.captions(script)[script["language"]]
    assert films.chapters(script)[0][0] == 0
    for scene in films._scenes(script):
        assert scene.parts
        assert all(0 <= part.begin < part.end <= scene.seconds for part in scene.parts)
        assert last_picture(scene).tobytes() != scene.background.tobytes()
