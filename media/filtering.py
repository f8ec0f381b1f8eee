"""Filters on decoded pictures and sound, as libavfilter graphs. Runs in the child process only."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.filter import Graph
from av.video.stream import VideoStream

SOUND_RATE = 48_000
BT709, BT601 = 1, 6  # colour spaces as numbered by ITU-T H.273, as is the transfer of HDR below
_UNSAID = (0, 2, None)
_NAMES = {1: "bt709", 5: "bt470bg", 6: "smpte170m"}
_HIGH_RANGE = (16, 18)  # PQ and HLG


class Colors(NamedTuple):
    """Colours of the output as numbered by H.273; `given` are to be assumed of the source."""

    matrix: int
    primaries: int
    transfer: int
    given: str
    converted: bool


def colors_of(stream: VideoStream) -> Colors:
    """Choose the colours that all sizes are written in.

    Unspecified ones are guessed here once, from the source's height: players would guess anew for each size,
    and a small rendition look different from a large one. High dynamic range and wide gamuts become BT.709,
    which every screen shows; other colours stay.
    """
    context = stream.codec_context
    guess = BT709 if min(context.width, context.height) >= 720 else BT601
    matrix, primaries, transfer = (
        guess if value in _UNSAID else value
        for value in (context.colorspace, context.color_primaries, context.color_trc)
    )
    wide = primaries not in _NAMES or transfer in _HIGH_RANGE
    given = []
    if context.colorspace in _UNSAID and not str(context.pix_fmt).startswith(("gbr", "rgb", "bgr")):
        given.append(f"colorspace={'bt2020nc' if wide else _NAMES[guess]}")
    if context.color_primaries in _UNSAID:
        given.append(f"color_primaries={'bt2020' if wide else _NAMES[guess]}")
    if context.color_trc in _UNSAID:
        given.append(f"color_trc={_NAMES.get(guess, 'bt709')}")
    if wide:
        return Colors(BT709, BT709, BT709, ":".join(given), converted=True)
    return Colors(matrix if matrix in _NAMES else guess, primaries, transfer, ":".join(given), False)


class PictureFilter:
    """Turns frames upright, scales them to a size in square pixels, and makes them 8 bit in given colours.

    `pixels` is FFmpeg's name of the format.
    """

    def __init__(self, width: int, height: int, colors: Colors, pixels: str = "yuv420p") -> None:
        self._size, self._colors, self._pixels = (width, height), colors, pixels
        self._graph: tuple[tuple[object, ...], Graph] | None = None
        self._last: tuple[av.VideoFrame, av.VideoFrame] | None = None

    def apply(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Filter one frame; the last one again gives the same result without work."""
        if self._last is None or self._last[0] is not frame:
            self._last = frame, self._filtered(frame)
        return self._last[1]

    def _filtered(self, frame: av.VideoFrame) -> av.VideoFrame:
        shape = (frame.width, frame.height, frame.format.name, frame.rotation, frame.time_base)
        if self._graph is None or self._graph[0] != shape:
            self._graph = (shape, self._build(frame))
        self._graph[1].push(frame)
        made = self._graph[1].pull()
        assert isinstance(made, av.VideoFrame)
        return made

    def _build(self, frame: av.VideoFrame) -> Graph:
        graph, colors = Graph(), self._colors
        chain = [_source(graph, frame)]
        if colors.given:
            chain.append(graph.add("setparams", colors.given))
        turns = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}.get(frame.rotation % 360, [])
        chain += [graph.add("transpose", f"dir={turn}") for turn in turns]
        scale = f"{self._size[0]}:{self._size[1]}"
        if self._pixels != "rgb24":
            scale += f":out_range=tv:out_color_matrix={_NAMES[colors.matrix]}"
        if colors.converted:
            scale += ":out_primaries=bt709:out_transfer=bt709"
        chain += [graph.add("scale", scale), graph.add("setsar", "1"), graph.add("format", self._pixels)]
        graph.link_nodes(*chain, graph.add("buffersink")).configure()
        return graph


class Deinterlacer:
    """Makes whole pictures of interlaced ones; others pass unchanged."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._shape: tuple[object, ...] = ()

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Take the next frame; yields what is ready, later by a frame once one was interlaced."""
        if self._graph is None and not frame.interlaced_frame:
            yield frame
            return
        shape = (frame.width, frame.height, frame.format.name, frame.time_base)
        if self._graph is None or self._shape != shape:
            yield from self.end()
            self._graph, self._shape = Graph(), shape
            chain = [_source(self._graph, frame), self._graph.add("bwdif", "send_frame:auto:interlaced")]
            self._graph.link_nodes(*chain, self._graph.add("buffersink")).configure()
        self._graph.push(frame)
        yield from self._ready()

    def end(self) -> Iterator[av.VideoFrame]:
        """Yield what was held back."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready()

    def _ready(self) -> Iterator[av.VideoFrame]:
        for made in _pulled(self._graph):
            if isinstance(made, av.VideoFrame):
                yield made


class SoundFilter:
    """Resamples sound to 48 kHz, mono or stereo, without a gap from the moment the recording begins.

    Mono stays mono: spread over two channels it would lose 3 dB. More channels than two are mixed to stereo
    at the levels of ITU-R BS.775, limited where their sum would clip.
    """

    def __init__(self, began: Fraction) -> None:
        self._began = began
        self._graph: tuple[tuple[object, ...], Graph] | None = None
        self._layout = ""

    def push(self, frame: av.AudioFrame) -> Iterator[av.AudioFrame]:
        """Take the next piece; yields what is ready."""
        if frame.pts is None or frame.time_base is None:
            return
        frame.pts -= round(self._began / frame.time_base)
        shape = (frame.sample_rate, frame.format.name, frame.layout.name, frame.time_base)
        if self._graph is None or self._graph[0] != shape:
            yield from self.end()
            first = "" if self._graph else ":first_pts=0"
            self._graph = (shape, self._build(frame, first))
        self._graph[1].push(frame)
        yield from self._ready()

    def end(self) -> Iterator[av.AudioFrame]:
        """Yield what was held back."""
        if self._graph is not None:
            self._graph[1].push(None)
            yield from self._ready()

    def _build(self, frame: av.AudioFrame, first: str) -> Graph:
        graph, channels = Graph(), frame.layout.nb_channels
        self._layout = self._layout or layout_for(channels)
        chain = [
            graph.add_abuffer(
                sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout,
                time_base=frame.time_base,
            ),
            graph.add("aresample", f"{SOUND_RATE}:async=1{first}"),
            graph.add("aformat", f"sample_fmts=fltp:channel_layouts={self._layout}"),
        ]  # fmt: skip
        if channels > 2:
            chain.append(graph.add("alimiter", "level=0:limit=0.98:latency=1"))
            chain.append(graph.add("aformat", "sample_fmts=fltp"))
        graph.link_nodes(*chain, graph.add("abuffersink")).configure()
        return graph

    def _ready(self) -> Iterator[av.AudioFrame]:
        for made in _pulled(self._graph[1] if self._graph else None):
            if isinstance(made, av.AudioFrame):
                yield made


def layout_for(channels: int) -> str:
    """Name the layout that sound of so many channels is written in."""
    return "mono" if channels == 1 else "stereo"


def audio_layout(stream: AudioStream) -> str:
    """Name the layout that the stream is written in."""
    return layout_for(stream.codec_context.layout.nb_channels or 2)


def _source(graph: Graph, frame: av.VideoFrame) -> av.filter.context.FilterContext:
    return graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )


def _pulled(graph: Graph | None) -> Iterator[av.VideoFrame | av.AudioFrame]:
    while graph is not None:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
