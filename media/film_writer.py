"""Writing a film from generated pictures and sound. Imports PyAV on import."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from media.encoding import open_output
from media.filtering import BT709
from media.pacing import CLOCK


class FilmWriter:
    """An MP4 with H.264 and AAC, its index in front, at a variable frame rate. A context manager."""

    def __init__(self, path: Path, width: int, height: int, fps: int, sound_rate: int) -> None:
        self._out = open_output(path)
        options = {"preset": "ultrafast", "crf": "23", "threads": "1", "g": str(fps * 8)}
        self._video = self._out.add_stream("libx264", rate=fps, options=options)
        self._video.width, self._video.height, self._video.pix_fmt = width, height, "yuv420p"
        context = self._video.codec_context
        context.time_base = CLOCK
        context.colorspace = context.color_primaries = context.color_trc = BT709
        # The default AAC coder takes four times as long, without an audible difference in soft music.
        quick = {"aac_coder": "fast", "aac_is": "0", "aac_ms": "0", "aac_tns": "0", "aac_pns": "0"}
        self._audio = self._out.add_stream("aac", rate=sound_rate, layout="stereo", options=quick)
        self._audio.bit_rate = 96_000
        self._sound_rate, self._heard = sound_rate, 0

    def __enter__(self) -> "FilmWriter":
        return self

    def __exit__(self, *trouble: object) -> None:
        if trouble[0] is None:
            for stream in (self._video, self._audio):
                self._out.mux(stream.encode(None))
        self._out.close()

    def show(self, yuv: NDArray[np.uint8], seconds: float) -> None:
        """Add a picture from this time on: planes Y, U and V below each other (4:2:0)."""
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        frame.pts, frame.time_base = round(seconds / CLOCK), CLOCK
        self._out.mux(self._video.encode(frame))

    def sound(self, samples: NDArray[np.float32]) -> None:
        """Add sound: an array of 2 × n samples between -1 and 1."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = (
            self._sound_rate,
            self._heard,
            Fraction(1, self._sound_rate),
        )
        self._heard += samples.shape[1]
        self._out.mux(self._audio.encode(frame))
