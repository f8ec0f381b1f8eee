"""Films of the demo: a script (see demo/README.md) becomes an MP4 with music, captions and chapters.

    film = render(tomllib.loads(script), Path("film.mp4"))

Deterministic: the same script gives the same bytes. Needs the extra `video`.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from demo.films import diagrams, scenes
from demo.films.palette import HEIGHT, PALETTES, WIDTH, Palette
from demo.films.sound import RATE, music
from demo.films.stage import FPS, Scene, last_picture, play
from domain.base.webvtt import Cue, to_vtt
from media.film_writer import FilmWriter

Script = dict[str, Any]
KINDS = {
    "bullets": scenes.bullets,
    "code": scenes.code,
    "bars": scenes.bars,
    "grid": scenes.grid,
    "timeline": scenes.timeline,
    "flow": diagrams.flow,
    "plot": diagrams.plot,
}


@dataclass(frozen=True)
class Film:
    """A rendered film.

    `captions` maps a language to WebVTT, `chapters` are (seconds, title), `poster` is a JPEG.
    """

    duration: float
    width: int
    height: int
    captions: dict[str, str]
    chapters: list[tuple[float, str]]
    poster: bytes


def render(script: Script, out_path: Path) -> Film:
    """Draw and encode the film of `script` as an MP4 at `out_path`."""
    played = _scenes(script)
    duration = float(sum(scene.seconds for scene in played))
    palette = PALETTES[script["tone"]]
    sound = music(played, palette.key)
    heard = 0
    with FilmWriter(out_path, WIDTH, HEIGHT, FPS, RATE) as writer:
        last = 0
        for number, picture in play(played):
            writer.show(picture, number / FPS)
            # Sound and picture are interleaved, so that a player finds both in one place of the file.
            until = round(number / FPS * RATE)
            if until - heard >= RATE:
                writer.sound(sound[:, heard:until])
                heard = until
            last = number
        writer.sound(sound[:, heard:])
        final = round(duration * FPS) - 1
        if final > last:
            writer.show(picture, final / FPS)
    return Film(duration, WIDTH, HEIGHT, captions(script), chapters(script), _jpeg(_cover(played)))


def poster(script: Script) -> bytes:
    """Draw the film's title card as a JPEG."""
    return _jpeg(_cover(_scenes(script)[:1]))


def captions(script: Script) -> dict[str, str]:
    """Build WebVTT by language: the script's own, and each that every scene has been translated into."""
    told = script["scenes"]
    languages = set.intersection(*(set(scene.get("captions", {})) for scene in told))
    texts = {script["language"]: [scene["caption"] for scene in told]}
    texts |= {language: [scene["captions"][language] for scene in told] for language in sorted(languages)}
    return {language: to_vtt(_cues(told, sentences)) for language, sentences in texts.items()}


def chapters(script: Script) -> list[tuple[float, str]]:
    """List the chapters: start in seconds, and title."""
    begun, found = 0.0, []
    for scene in script["scenes"]:
        if scene.get("chapter"):
            found.append((begun, scene["chapter"]))
        begun += scene["seconds"]
    return found


def _cues(told: list[Script], sentences: list[str]) -> list[Cue]:
    """Build one cue per scene, with a short gap between two so that a change is noticed."""
    begun, cues = 0.0, []
    for scene, sentence in zip(told, sentences, strict=True):
        cues.append(Cue(begun + 0.15, begun + scene["seconds"] - 0.1, _two_lines(sentence)))
        begun += scene["seconds"]
    return cues


def _two_lines(sentence: str) -> str:
    """Break a sentence at the space nearest the middle when it is too long for one line."""
    spaces = [index for index, letter in enumerate(sentence) if letter == " "]
    if len(sentence) <= 42 or not spaces:
        return sentence
    middle = min(spaces, key=lambda index: abs(index - len(sentence) / 2))
    return f"{sentence[:middle]}\n{sentence[middle + 1 :]}"


def _scenes(script: Script) -> list[Scene]:
    palette, told = PALETTES[script["tone"]], script["scenes"]
    return [_scene(scene, palette, number, len(told)) for number, scene in enumerate(told)]


def _scene(scene: Script, palette: Palette, number: int, count: int) -> Scene:
    if scene["kind"] == "title":
        return scenes.title(scene, palette)
    return KINDS[scene["kind"]](scene, palette, scenes.page(scene, palette, number, count))


def _cover(played: list[Scene]) -> Image.Image:
    return last_picture(played[0])


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=86, optimize=True, progressive=True)
    return file.getvalue()
