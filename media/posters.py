"""Posters: a frame of the recording that shows something. Runs in the child process only."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image, ImageStat

from media.filtering import Deinterlacer, PictureFilter, colors_of
from media.model import MediaError, Probe
from media.probing import began, opened, picture

POSTER_SIDE = 1280
PLACES = (0.1, 0.3, 0.6, 0)  # shares of the recording to look at
LOOKED_AT = 300  # frames decoded in each place
EVERY = 0.4  # seconds between two that are looked at
PLAIN = 8  # standard deviation of brightness, of 255, below which a picture is nearly of one colour


def make_poster(path: Path, out: Path, facts: Probe) -> None:
    """Write a JPEG of the first frame, from a tenth into the recording, that isn't nearly of one colour.

    Without any, the one of most colours is taken.
    """
    with opened(path) as container:
        video = picture(container)
        if video is None:
            raise MediaError("This recording has no video.")
        best: tuple[float, av.VideoFrame] | None = None
        for frame in _candidates(container, video, facts):
            small = frame.reformat(width=64, height=36, format="gray").to_image()
            variety = ImageStat.Stat(small).stddev[0]
            if best is None or variety > best[0]:
                best = variety, frame
            if variety >= PLAIN:
                break
        if best is None:
            raise MediaError("This recording’s video can’t be read.")
        _as_shown(best[1], video, facts).save(out, "JPEG", quality=82, optimize=True, progressive=True)


def _candidates(container: InputContainer, video: VideoStream, facts: Probe) -> Iterator[av.VideoFrame]:
    """Yield whole frames from each place on, some time apart; a bounded number."""
    start = float(began(container))
    for place in PLACES:
        from_here = start + facts.duration * place
        container.seek(int(from_here * av.time_base))
        whole, last = Deinterlacer(), from_here - EVERY
        for number, decoded in enumerate(container.decode(video)):
            if number >= LOOKED_AT:
                break
            for frame in whole.push(decoded):
                at = from_here if frame.time is None else frame.time
                if at - last >= EVERY:
                    last = at
                    yield frame
        yield from whole.end()


def _as_shown(frame: av.VideoFrame, video: VideoStream, facts: Probe) -> Image.Image:
    width, height = facts.width or frame.width, facts.height or frame.height
    scale = min(1.0, POSTER_SIDE / max(width, height))
    size = max(2, round(width * scale)), max(2, round(height * scale))
    return PictureFilter(*size, colors_of(video), "rgb24").apply(frame).to_image()
