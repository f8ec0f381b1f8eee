"""The scenes with lines: flow and plot."""

import math
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw

from demo.films import sprites
from demo.films.palette import INK, PAPER, SOFT, WIDTH, Palette, Tone, sans
from demo.films.parts import Appear, Part, Point, Pulse, Travel, Wipe
from demo.films.scenes import BOTTOM, LEFT, RIGHT, START, TOP, Script
from demo.films.stage import Scene

NODE_HEIGHT = 78


class Label(Appear):
    """A label that disappears again where another one takes its place."""

    lasting = False

    def paint(self, picture: Image.Image, share: float) -> tuple[int, int, int, int]:
        """Draw the label, which fades in over 0.3 seconds."""
        return super().paint(picture, min(1.0, share * (self.end - self.begin) / 0.3))


def flow(script: Script, palette: Palette, background: Image.Image) -> Scene:
    """Draw boxes and arrows; a dot travels along the arrows in order and colours them."""
    nodes, edges, seconds = script["nodes"], script["edges"], script["seconds"]
    centers, width = _places(nodes)
    parts: list[Part] = []
    boxes: dict[str, Image.Image] = {}
    for index, node in enumerate(nodes):
        tone = palette.tone(node.get("tone"))
        boxes[node["id"]] = sprites.labelled(width, NODE_HEIGHT, tone, node["label"], 25)
        x, y = centers[node["id"]]
        begin = START - 0.1 + index * 0.1
        parts.append(Appear(boxes[node["id"]], x - width / 2, y - NODE_HEIGHT / 2, begin, 0.45))
    ready = START + len(nodes) * 0.1 + 0.25
    pairs = [(edge["from"], edge["to"]) for edge in edges]
    lines = {pair: _line(centers, pair, width, (pair[1], pair[0]) in pairs) for pair in pairs}
    for pair in dict.fromkeys(pairs):
        faint, x, y = sprites.stroke(lines[pair], "#d5cabb", 3, arrow=True)
        parts.append(Appear(faint, x, y, ready - 0.2, 0.3, 0))
    slot = (seconds - ready - 0.7) / len(edges)
    times = [ready + index * slot for index in range(len(edges))]
    for index, (edge, begin) in enumerate(zip(edges, times, strict=True)):
        later = [times[after] for after in range(index + 1, len(edges)) if pairs[after] == pairs[index]]
        parts += _travelled(edge, lines[pairs[index]], palette, begin, slot, later[0] if later else None)
        x, y = centers[edge["to"]]
        glow = _glow(width, palette.tone(edge.get("tone") or "accent").strong)
        arrival = begin + min(slot * 0.75, 1.6)
        parts.append(Pulse(glow, x - glow.width / 2, y - glow.height / 2, arrival - 0.1))
        parts.append(_again(boxes[edge["to"]], x, y, arrival + 0.6))
    return Scene(background, seconds, parts, times)


def _again(box: Image.Image, x: float, y: float, begin: float) -> Part:
    """Draw the box again over the glow on its border."""
    return Appear(box, x - box.width / 2, y - box.height / 2, begin, 0.05, 0)


def _glow(width: int, color: str) -> Image.Image:
    """Draw a ring around a box."""
    clear = Tone("#ffffff", color, INK, INK)
    ring = sprites.box(width + 12, NODE_HEIGHT + 12, clear, 19, 5)
    hole = Image.new("L", ring.size, 255)
    ImageDraw.Draw(hole).rounded_rectangle((5, 5, width + 6, NODE_HEIGHT + 6), 15, fill=0)
    ring.putalpha(Image.composite(ring.getchannel("A"), Image.new("L", ring.size, 0), hole))
    return ring


def _places(nodes: Sequence[Script]) -> tuple[dict[str, Point], int]:
    """Compute the centre of each box, by its column and row, and the width of the boxes."""
    columns = sorted({node["column"] for node in nodes})
    rows = sorted({node["row"] for node in nodes})
    first, span = columns[0], columns[-1] - columns[0]
    pitch = min(300, (RIGHT - LEFT - 190) / span) if span else 0
    width = min(max(int(pitch * 0.62) if span else 240, 150), 200)
    widest = max(sans(25, True).getlength(node["label"]) for node in nodes) + 40
    narrowest_gap = min((b - a for a, b in zip(columns, columns[1:], strict=False)), default=1) * pitch
    width = int(min(max(width, widest), narrowest_gap * 0.72)) if span else int(max(width, widest))
    pitch = min(pitch, (RIGHT - LEFT - width) / span) if span else 0
    left = WIDTH / 2 - span * pitch / 2
    middle, rise = (TOP + BOTTOM) / 2 + 4, 158
    center_row = (rows[0] + rows[-1]) / 2
    return {
        node["id"]: (left + (node["column"] - first) * pitch, middle + (node["row"] - center_row) * rise)
        for node in nodes
    }, width


def _line(centers: dict[str, Point], pair: tuple[str, str], width: int, both_ways: bool) -> list[Point]:
    """Compute an arrow from border to border, offset where there is one in the other direction."""
    (x0, y0), (x1, y1) = centers[pair[0]], centers[pair[1]]
    length = math.hypot(x1 - x0, y1 - y0) or 1
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    aside = 14 if both_ways else 0
    x0, y0, x1, y1 = x0 - dy * aside, y0 + dx * aside, x1 - dy * aside, y1 + dx * aside
    reach = min(
        (width / 2 + 9) / abs(dx) if dx else math.inf, (NODE_HEIGHT / 2 + 9) / abs(dy) if dy else math.inf
    )
    reach = min(reach, length * 0.45)
    return [(x0 + dx * reach, y0 + dy * reach), (x1 - dx * reach, y1 - dy * reach)]


def _travelled(
    edge: Script, line: list[Point], palette: Palette, begin: float, slot: float, until: float | None
) -> list[Part]:
    """Animate one arrow: it is coloured behind a dot, below the label of what travels."""
    tone = palette.tone(edge.get("tone") or "accent")
    (x0, y0), (x1, y1) = line
    length = min(slot * 0.75, 1.6)
    way = ("right" if x1 > x0 else "left") if abs(x1 - x0) >= abs(y1 - y0) else ("down" if y1 > y0 else "up")
    colored, x, y = sprites.stroke(line, tone.strong, 3.5, arrow=True)
    parts: list[Part] = [
        Wipe(colored, x, y, begin, length, way),
        Travel(sprites.dot(11, tone.strong, PAPER), line, begin, length),
    ]
    if edge.get("label"):
        words = _pill(edge["label"], tone)
        center_x, center_y = _beside(line, words)
        left, top = center_x - words.width / 2, center_y - words.height / 2
        if until is None:
            parts.append(Appear(words, left, top, begin, 0.4, 8))
        else:
            parts.append(Label(words, left, top, begin, until - begin, 8))
    return parts


def _beside(line: list[Point], words: Image.Image) -> Point:
    """Place an arrow's label: off the line, outwards from the middle of the picture.

    The label of a level arrow stays clear of the boxes that it joins.
    """
    (x0, y0), (x1, y1) = line
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    if abs(y1 - y0) < 30:
        away = -1 if x1 >= x0 else 1
        return middle_x, middle_y + away * (NODE_HEIGHT / 2 + 20)
    length = math.hypot(x1 - x0, y1 - y0)
    side_x, side_y = (y1 - y0) / length, -(x1 - x0) / length
    outwards = -1 if middle_y <= (TOP + BOTTOM) / 2 + 6 else 1
    if abs(side_y) < 0.2:
        side_x, side_y = abs(side_x), 0.0
    elif side_y * outwards < 0:
        side_x, side_y = -side_x, -side_y
    reach = abs(side_x) * words.width / 2 + abs(side_y) * words.height / 2 + 4
    return middle_x + side_x * reach, middle_y + side_y * reach


def _pill(words: str, tone: Tone) -> Image.Image:
    """Draw a label on the paper's colour, readable over a line."""
    line = sprites.text(words, sans(20, True), tone.text)
    pill = sprites.box(line.width + 18, line.height + 6, Tone(PAPER, PAPER, INK, INK), 10, 0)
    pill.alpha_composite(line, (9, 3))
    return pill


def plot(script: Script, palette: Palette, background: Image.Image) -> Scene:
    """Draw axes, then each line from left to right."""
    area = (LEFT + 60, TOP + 38, RIGHT - 24, BOTTOM - 44)
    points = [point for line in script["series"] for point in line["points"]]
    x_range = _range([point[0] for point in points], False)
    y_range = _range([point[1] for point in points], True)
    _axes(background, script, area, x_range, y_range)
    seconds, count = script["seconds"], len(script["series"])
    length = max(1.2, (seconds - START - 1.6) / count)
    parts: list[Part] = []
    left = max(area[0], LEFT + 36 + round(sans(18, True).getlength(script["y_label"])))
    for index, line in enumerate(script["series"]):
        tone = _line_tone(line, index, palette)
        drawn = [
            (_at(x, x_range, area[0], area[2]), _at(y, y_range, area[3], area[1])) for x, y in line["points"]
        ]
        begin = START + 0.2 + index * length
        if count == 1:
            parts.append(_under(drawn, area[3], tone, begin, length * 0.9))
        sprite, corner_x, corner_y = sprites.stroke(drawn, tone.strong, 4.5)
        parts.append(Wipe(sprite, corner_x, corner_y, begin, length * 0.9, "right", float))
        dot = sprites.dot(11, tone.strong, PAPER)
        parts.append(_along_x(dot, drawn, begin, length * 0.9))
        key = sprites.text(line["label"], sans(22, True), tone.strong)
        parts.append(Appear(sprites.dot(7, tone.strong), left, TOP - 2, begin, 0.4, 0))
        parts.append(Appear(key, left + 22, TOP + 5 - key.height / 2, begin, 0.4, 0))
        left += key.width + 62
    return Scene(background, seconds, parts, [part.begin for part in parts if isinstance(part, Travel)])


def _line_tone(line: Script, index: int, palette: Palette) -> Tone:
    """Return the tone of a line; by default the accent for the first one only."""
    return palette.tone(line.get("tone") or ("accent", "plain", "muted")[index])


def _along_x(dot: Image.Image, drawn: list[Point], begin: float, length: float) -> Travel:
    """Move a dot at the tip of a line that is uncovered from the left: resampled to move evenly in x."""
    first, last = drawn[0][0], drawn[-1][0]
    steps = 60
    even, leg = [], 0
    for step in range(steps + 1):
        x = first + (last - first) * step / steps
        while leg < len(drawn) - 2 and drawn[leg + 1][0] < x:
            leg += 1
        (x0, y0), (x1, y1) = drawn[leg], drawn[leg + 1]
        even.append((x, y0 + (y1 - y0) * ((x - x0) / ((x1 - x0) or 1))))
    return _Tip(dot, even, begin, length, float)


class _Tip(Travel):
    """A traveller whose pace is measured along x."""

    def _place(self, share: float) -> Point:
        place = share * (len(self._points) - 1)
        leg = min(int(place), len(self._points) - 2)
        (x0, y0), (x1, y1) = self._points[leg], self._points[leg + 1]
        return x0 + (x1 - x0) * (place - leg), y0 + (y1 - y0) * (place - leg)


def _under(drawn: list[Point], floor: int, tone: Tone, begin: float, length: float) -> Part:
    """Fill the area between a line and the axis, in the line's lightest colour."""
    left, right = math.floor(drawn[0][0]), math.ceil(drawn[-1][0])
    top = math.floor(min(y for _, y in drawn))
    layer = Image.new("RGBA", (right - left, floor - top), (255, 255, 255, 0))
    outline = [(x - left, y - top) for x, y in drawn] + [(right - left, floor - top), (0, floor - top)]
    ImageDraw.Draw(layer).polygon(outline, fill=f"{tone.fill}b0")
    return Wipe(layer, left, top, begin, length, "right", float)


def _axes(
    background: Image.Image, script: Script, area: tuple[int, int, int, int],
    x_range: tuple[float, float, float], y_range: tuple[float, float, float],
) -> None:  # fmt: skip
    draw = ImageDraw.Draw(background)
    font = sans(18)
    for value in _ticks(y_range):
        y = _at(value, y_range, area[3], area[1])
        draw.line((area[0], y, area[2], y), fill="#ece5d9", width=1)
        draw.text((area[0] - 12, y), f"{value:,.6g}", font=font, fill=SOFT, anchor="rm")
    for value in _ticks(x_range):
        place = (_at(value, x_range, area[0], area[2]), area[3] + 12)
        draw.text(place, f"{value:,.6g}", font=font, fill=SOFT, anchor="mt")
    draw.line((area[0], area[3], area[2], area[3]), fill="#b8ad9c", width=2)
    draw.text((area[2], area[3] + 36), script["x_label"], font=sans(18, True), fill=SOFT, anchor="rt")
    draw.text((LEFT, area[1] - 26), script["y_label"], font=sans(18, True), fill=SOFT, anchor="ls")


def _range(values: list[float], from_zero: bool) -> tuple[float, float, float]:
    """Compute minimum, maximum and step of an axis in round numbers."""
    low, high = min(values), max(values)
    if from_zero and low > 0:
        low = 0
    span = (high - low) or 1
    step = 10 ** math.floor(math.log10(span / 4))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if span / (step * factor) <= 5)
    if from_zero:
        return math.floor(low / step) * step, math.ceil(high / step) * step, step
    return low, high, step


def _ticks(axis: tuple[float, float, float]) -> list[float]:
    low, high, step = axis
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _at(value: float, axis: tuple[float, float, Any], first: float, last: float) -> float:
    return first + (value - axis[0]) / ((axis[1] - axis[0]) or 1) * (last - first)
