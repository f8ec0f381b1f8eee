"""QR codes, drawn as one path of an SVG, which the content policy allows to stand in a page."""

from dataclasses import dataclass

import segno

QUIET_ZONE = 4


@dataclass(frozen=True)
class Drawing:
    """The `d` of an SVG path and the length of the square's side, in modules."""

    path: str
    side: int


def draw(text: str) -> Drawing:
    """Draw `text` with the quiet zone around it that cameras need."""
    code = segno.make_qr(text, error="m")
    rows = code.matrix_iter(scale=1, border=QUIET_ZONE)
    dots = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return Drawing("".join(dots), int(code.symbol_size(border=QUIET_ZONE)[0]))
