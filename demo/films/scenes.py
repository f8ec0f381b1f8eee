"""The scenes with text and shapes: title, bullets, code, bars, grid, timeline."""

from typing import Any

from PIL import Image, ImageDraw
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

from demo.films import sprites
from demo.films.palette import (
    HEIGHT,
    INK,
    LINE,
    PAPER,
    SLATE,
    SOFT,
    WIDTH,
    Palette,
    Tone,
    mono,
    sans,
    serif,
)
from demo.films.parts import Appear, Counted, Part, Pulse, Travel, Typed, Wipe
from demo.films.stage import Scene

Script = dict[str, Any]
LEFT, RIGHT, TOP, BOTTOM = 96, 1184, 178, 604  # below BOTTOM a player shows the captions
START = 0.5
CODE_COLORS: list[tuple[_TokenType, str]] = [
    (Comment, "#8791a0"),
    (Keyword, "#f0a8b8"),
    (Operator.Word, "#f0a8b8"),
    (String, "#a9d8a4"),
    (Number, "#f2c48d"),
    (Name.Function, "#8fc7f2"),
    (Name.Class, "#8fc7f2"),
    (Name.Decorator, "#e7cf8b"),
    (Name.Tag, "#f0a8b8"),
    (Name.Attribute, "#e7cf8b"),
    (Name.Builtin, "#8fc7f2"),
    (Name.Property, "#8fc7f2"),
    (Operator, "#b6becb"),
]


def page(script: Script, palette: Palette, number: int, count: int) -> Image.Image:
    """Draw a background with the heading, the accent above it, and the film's progress."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((LEFT, 62, LEFT + 55, 66), fill=palette.accent.strong)
    draw.text((LEFT - 2, 80), script["heading"], font=serif(50), fill=INK)
    for index in range(count):
        color = palette.accent.strong if index <= number else LINE
        x = RIGHT - (count - 1 - index) * 26
        draw.rounded_rectangle((x - 18, 62, x, 66), 2, fill=color)
    return picture


def title(script: Script, palette: Palette) -> Scene:
    """Draw a card in the film's colour, with rings that grow out of its corner."""
    card = Image.new("RGB", (WIDTH, HEIGHT), palette.deep)
    card.paste(_rings(palette), (RINGS_LEFT, 0))
    lines = _broken(script["heading"], 820)
    top = 330 - len(lines) * 42 - len(script.get("lines", [])) * 18
    parts: list[Part] = [Wipe(_bar(84, 6, palette.light), LEFT, top - 34, 0.3, 0.6)]
    for index, line in enumerate(lines):
        sprite = sprites.text(line, serif(80), "#fffdf9")
        parts.append(Appear(sprite, LEFT - 4, top + index * 88, 0.45 + index * 0.15, 0.7, 22))
    below = top + len(lines) * 88 + 34
    for index, line in enumerate(script.get("lines", [])):
        sprite = sprites.fitted(line, 30, 860, palette.light, strong=False)
        parts.append(Appear(sprite, LEFT, below + index * 46, 1.0 + index * 0.35, 0.6))
    return Scene(card, script["seconds"], parts, [0.4, 1.0, 1.35][: 1 + len(lines)])


RINGS_LEFT = 600


def _rings(palette: Palette) -> Image.Image:
    """Draw the right of the title card, large and scaled down once, since its circles reach off the card."""
    width, scale = WIDTH - RINGS_LEFT, 2
    large = Image.new("RGB", (width * scale, HEIGHT * scale), palette.deep)
    draw = ImageDraw.Draw(large)
    x, y = (1150 - RINGS_LEFT) * scale, 620 * scale
    for radius in (520, 400, 280, 160):
        for reach, color in ((radius, palette.ring), (radius - 46, palette.deep)):
            reach *= scale
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=color)
    reach = 64 * scale
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=palette.light)
    return large.reduce(scale)


def _bar(width: int, height: int, color: str) -> Image.Image:
    return sprites.box(width, height, Tone(color, color, color, color), height // 2, 0)


def _broken(words: str, width: int) -> list[str]:
    """Break a heading into lines no wider than `width` in the title's font."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and serif(80).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def beats(count: int, seconds: float, share: float = 0.72) -> list[float]:
    """Space `count` steps evenly, in seconds, so that the last is done by `share` of the scene."""
    span = max(seconds * share - START, 1.0)
    return [START + span * index / count for index in range(count)]


def bullets(script: Script, palette: Palette, background: Image.Image) -> Scene:
    """Animate lines that appear one after another, each behind a dot."""
    items = script["items"]
    pitch = min(84, (BOTTOM - TOP) // len(items))
    top = TOP + 24 + max(0, (4 - len(items)) * 14)
    times = beats(len(items), script["seconds"])
    parts: list[Part] = []
    for index, (item, begin) in enumerate(zip(items, times, strict=True)):
        y = top + index * pitch
        words = sprites.fitted(item, 36, RIGHT - LEFT - 56, INK, strong=False)
        parts.append(Appear(sprites.dot(9, palette.accent.strong), LEFT + 2, y + 14, begin, 0.4, 0))
        parts.append(Appear(words, LEFT + 46, y + 24 - words.height / 2, begin + 0.08, 0.5))
    return Scene(background, script["seconds"], parts, times)


def code(script: Script, palette: Palette, background: Image.Image) -> Scene:
    """Animate a listing that is typed in, whose named lines are then highlighted one after another."""
    lines = script["code"].strip("\n").split("\n")
    size = 25 if len(lines) <= 9 else 23
    pitch, font = round(size * 1.52), mono(size)
    advance = font.getlength("0")
    card = sprites.box(RIGHT - LEFT, len(lines) * pitch + 60, Tone(SLATE, SLATE, SLATE, SLATE), 16)
    top = TOP + max(0, (BOTTOM - TOP - card.height) // 3)
    background.paste(card, (LEFT, top), card)
    named = sprites.text(script["language"], sans(17, True), "#7f8a99")
    background.paste(named, (RIGHT - named.width - 22, top + 14), named)
    rows = _colored(script["code"].strip("\n"), script["language"], font)
    marks = script.get("highlight", [])
    letters = max(1, sum(len(line) for line in lines))
    typing = script["seconds"] * (0.5 if marks else 0.68)
    caret = _bar(3, size + 4, palette.light)
    parts, at = [], START
    for index, (line, row) in enumerate(zip(lines, rows, strict=True)):
        spent = typing * len(line) / letters
        if line:
            y = top + 30 + index * pitch
            parts.append(Typed(row, caret, LEFT + 32, y, advance, len(line), at, max(spent, 0.05)))
        at += spent
    glows = _glows(script, rows, marks, (top + 30, pitch), palette, at)
    times = [part.begin for part in parts]
    return Scene(background, script["seconds"], [*parts, *glows], times + [part.begin for part in glows])


def _glows(
    script: Script,
    rows: list[Image.Image],
    marks: list[int],
    place: tuple[int, int],
    palette: Palette,
    at: float,
) -> list[Part]:
    """Draw bands in the film's colour behind the named lines."""
    top, pitch = place
    step = max(0.3, (script["seconds"] - at - 0.8) / max(1, len(marks)))
    parts: list[Part] = []
    for index, mark in enumerate(marks):
        band = sprites.box(RIGHT - LEFT - 24, pitch, Tone(palette.deep, palette.deep, INK, INK), 6, 0)
        edge = _bar(4, pitch - 8, palette.light)
        band.alpha_composite(edge, (0, 4))
        row = rows[mark - 1]
        band.alpha_composite(row.crop((0, 0, min(row.width, band.width - 24), row.height)), (20, 0))
        begin = at + 0.25 + index * step
        parts.append(Appear(band, LEFT + 12, top + (mark - 1) * pitch, begin, 0.35, 0))
    return parts


def _colored(source: str, language: str, font: Any) -> list[Image.Image]:
    """Draw one sprite per line of code."""
    advance = font.getlength("0")
    longest = max(len(line) for line in source.split("\n"))
    rows = [
        Image.new("RGBA", (round(advance * longest) + 8, round(font.size * 1.52)), (27, 33, 41, 0))
        for _ in source.split("\n")
    ]
    lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False)
    line, column = 0, 0
    for kind, value in lexer.get_tokens(source):
        color = next((color for known, color in CODE_COLORS if _is(kind, known)), "#ece7dc")
        for index, piece in enumerate(value.split("\n")):
            line, column = (line + 1, 0) if index else (line, column)
            if piece.strip() and line < len(rows):
                ImageDraw.Draw(rows[line]).text((column * advance, 2), piece, font=font, fill=color)
            column += len(piece)
    return rows


def _is(kind: _TokenType, known: _TokenType) -> bool:
    """Tell if a token is of a type or one of its subtypes, which Pygments names as longer tuples."""
    return tuple(kind)[: len(tuple(known))] == tuple(known)


_LEXERS = {"html": "html+jinja", "jinja": "html+jinja"}


def bars(script: Script, palette: Palette, background: Image.Image) -> Scene:
    """Animate bars that grow from zero, the longest to the greatest value."""
    values = script["values"]
    pitch = min(92, (BOTTOM - TOP) // len(values))
    thick = round(pitch * 0.56)
    greatest = max(entry["value"] for entry in values) or 1
    unit, left = script.get("unit", ""), 420
    numbers = [_counter(entry["value"], unit) for entry in values]
    room = RIGHT - left - 20 - max(number(1.0).width for number in numbers)
    times = beats(len(values), script["seconds"], 0.6)
    top = TOP + (BOTTOM - TOP - pitch * len(values)) // 2
    parts: list[Part] = []
    draw = ImageDraw.Draw(background)
    draw.line((left - 2, top - 6, left - 2, top + pitch * len(values) - 6), fill="#cfc5b4", width=2)
    for index, (entry, begin) in enumerate(zip(values, times, strict=True)):
        tone = palette.tone(entry.get("tone"))
        color = tone.strong if entry.get("tone") not in (None, "plain") else "#a89d8d"
        y = top + index * pitch + (pitch - thick) // 2 - 6
        words = sprites.fitted(entry["label"], 26, left - LEFT - 24, INK, strong=False)
        parts.append(Appear(words, left - 22 - words.width, y + (thick - words.height) / 2, begin, 0.4, 0))
        width = max(thick // 3, round(room * entry["value"] / greatest))
        bar = sprites.box(width, thick, Tone(color, color, color, color), 6, 0)
        parts.append(Counted(bar, left, y, numbers[index], begin + 0.1, 1.1))
    return Scene(background, script["seconds"], parts, times)


def _counter(value: float, unit: str) -> Any:
    decimals = len(str(value).partition(".")[2]) if isinstance(value, float) else 0

    def number(amount: float) -> Image.Image:
        words = f"{value * amount:,.{decimals}f}" + (f" {unit}" if unit else "")
        return sprites.text(words, sans(26, True), INK)

    return number


def grid(script: Script, palette: Palette, background: Image.Image) -> Scene:
    """Animate cells that take their places in a faint grid."""
    columns, rows, cells = script["columns"], script["rows"], script["cells"]
    wide = min((RIGHT - LEFT) // columns, 210)
    high = min((BOTTOM - TOP) // rows, 96, round(wide * 0.9))
    left = (WIDTH - wide * columns) // 2
    top = TOP + (BOTTOM - TOP - high * rows) // 2
    draw = ImageDraw.Draw(background)
    for column in range(columns + 1):
        draw.line((left + column * wide, top, left + column * wide, top + rows * high), fill="#efe8dc")
    for row in range(rows + 1):
        draw.line((left, top + row * high, left + columns * wide, top + row * high), fill="#efe8dc")
    times = beats(len(cells), script["seconds"], 0.74)
    parts: list[Part] = []
    for cell, begin in zip(cells, times, strict=True):
        width, height = wide * cell.get("width", 1) - 8, high * cell.get("height", 1) - 8
        sprite = sprites.labelled(width, height, palette.tone(cell.get("tone")), cell.get("label", ""), 25)
        x, y = left + cell["column"] * wide + 4, top + cell["row"] * high + 4
        parts.append(Appear(sprite, x, y, begin, 0.45, 16))
    return Scene(background, script["seconds"], parts, times)


def timeline(script: Script, palette: Palette, background: Image.Image) -> Scene:
    """Animate a marker that runs along a line and raises each event as it passes."""
    events, unit, middle = script["events"], script.get("unit", ""), 392
    first, last = events[0]["at"], events[-1]["at"]
    x_of = [150 + (event["at"] - first) / ((last - first) or 1) * 980 for event in events]
    draw = ImageDraw.Draw(background)
    draw.rounded_rectangle((150, middle - 2, 1130, middle + 2), 2, fill="#d9cfbf")
    run = script["seconds"] - START - 1.4
    line, corner_x, corner_y = sprites.stroke([(150, middle), (1130, middle)], palette.accent.strong, 5)
    parts: list[Part] = [Wipe(line, corner_x, corner_y, START, run, "right", float)]
    times = []
    taken: dict[int, float] = {}
    for event, x in zip(events, x_of, strict=True):
        begin = START + run * (x - 150) / 980
        times.append(begin)
        parts += _raised(event, unit, (x, middle), taken, palette, begin)
    marker = sprites.dot(13, PAPER, palette.accent.strong)
    parts.append(Travel(marker, [(150, middle), (1130, middle)], START, run, float))
    return Scene(background, script["seconds"], parts, times)


def _raised(
    event: Script,
    unit: str,
    place: tuple[float, int],
    taken: dict[int, float],
    palette: Palette,
    begin: float,
) -> list[Part]:
    """Draw an event's dot, stem, name and time, at the nearest height with room for its label."""
    (x, middle), tone = place, palette.tone(event.get("tone"))
    words = sprites.fitted(event["label"], 25, 300, INK)
    when = sprites.text(f"{event['at']:g} {unit}".strip(), sans(20), SOFT)
    width = max(words.width, when.width)
    left = min(max(x - width / 2, LEFT - 30), RIGHT + 30 - width)
    heights = (-84, 84, -164, 164)
    level = next((one for one in heights if taken.get(one, -99) + 14 < left), heights[-1])
    taken[level] = left + width
    y = middle + level - (58 if level < 0 else 0)
    near = middle + level + (4 if level < 0 else -6)
    stem, stem_x, stem_y = sprites.stroke([(x, middle), (x, near)], "#cfc5b4", 2)
    dot = sprites.dot(9, tone.strong)
    return [
        Wipe(stem, stem_x, stem_y, begin, 0.3, "up" if level < 0 else "down"),
        Appear(dot, x - 9, middle - 9, begin, 0.2, 0),
        Pulse(sprites.dot(22, tone.fill), x - 22, middle - 22, begin, 0.8),
        Appear(words, left + (width - words.width) / 2, y, begin + 0.1, 0.5, 10 if level < 0 else -10),
        Appear(when, left + (width - when.width) / 2, y + 32, begin + 0.2, 0.5, 6),
    ]
