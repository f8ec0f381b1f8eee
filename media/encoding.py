"""Encoding of a recording in several sizes in one pass. Runs in the child process only."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import PictureType
from av.video.stream import VideoStream

from media.model import MediaError
from media.probing import CUT_OFF, opened, picture, sound

Progress = Callable[[float], None]
SEGMENT_SECONDS = 4
THREADS = str(min(4, os.cpu_count() or 1))
CLOCK = Fraction(1, 90_000)
# Colour spaces as numbered by ITU-T H.273; 0 and 2 mean unspecified.
BT709, BT601, UNSAID = 1, 6, (0, 2)
# Shorter side → ceiling of the bit rate in kbit/s; quality is constant below it.
CEILINGS = {360: 800, 480: 1400, 720: 2800, 1080: 5000}


@dataclass(frozen=True)
class EncodingTarget:
    """An output: an MP4 at `path`, or an HLS playlist if it ends in `.m3u8`.

    Without a size it is audio only.
    """

    path: Path
    width: int = 0
    height: int = 0

    @property
    def side(self) -> int:
        """Return the shorter side, which names the quality."""
        return min(self.width, self.height)


def encode(source: Path, targets: Sequence[EncodingTarget], duration: float, progress: Progress) -> None:
    """Decode `source` once and write every target, as H.264 and AAC.

    `progress` receives the share of `duration` (seconds) that is done. Raises MediaError where the recording
    breaks off before nine tenths of it.
    """
    with opened(source) as container:
        video, audio = picture(container), sound(container)
        streams = [stream for stream in (video, audio) if stream is not None]
        for stream in streams:
            stream.codec_context.thread_count = int(THREADS)
        if video:
            video.codec_context.thread_type = "AUTO"
        writers = [_Writer(target, video, audio) for target in targets]
        reached = 0.0
        for frame in container.decode(streams):
            if not isinstance(frame, av.VideoFrame | av.AudioFrame):
                continue
            if frame.pts is None or frame.time_base is None:
                continue
            for writer in writers:
                writer.write(frame)
            reached = max(reached, float(frame.pts * frame.time_base))
            progress(min(reached / duration, 1.0))
        for writer in writers:
            writer.close()
    if reached < duration * 0.9 - 1:
        raise MediaError(CUT_OFF)


class _Writer:
    """Scales, encodes and muxes one target."""

    def __init__(self, target: EncodingTarget, video: VideoStream | None, audio: AudioStream | None) -> None:
        self._target = target
        self._out = open_output(target.path)
        self._video = self._add_video(video) if video and target.width else None
        self._audio = add_sound(self._out) if audio else None
        self._graph: tuple[tuple[object, ...], Graph] | None = None
        self._next_key = 0.0
        self._last_pts = -1

    def _add_video(self, source: VideoStream) -> VideoStream:
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        ceiling = next((kbits for side, kbits in CEILINGS.items() if self._target.side <= side), 5000)
        size = (self._target.width, self._target.height)
        stream = add_picture(self._out, *size, min(rate, Fraction(60)), ceiling)
        _same_colors(source, stream)
        return stream

    def write(self, frame: av.VideoFrame | av.AudioFrame) -> None:
        """Encode a piece of picture or sound."""
        if isinstance(frame, av.VideoFrame):
            self._write_picture(frame)
        elif self._audio is not None:
            self._out.mux(self._audio.encode(frame))

    def _write_picture(self, frame: av.VideoFrame) -> None:
        """Encode a frame; a key frame begins each segment, at the same moments in all sizes."""
        if self._video is None or frame.time_base is None or frame.pts is None:
            return
        moment = float(frame.pts * frame.time_base)
        pts = round(frame.pts * frame.time_base / CLOCK)
        if pts <= self._last_pts:
            return  # broken recorders repeat time stamps, encoders refuse them
        scaled = self._scaled(frame)
        scaled.pts, scaled.time_base, self._last_pts = pts, CLOCK, pts
        scaled.pict_type = PictureType.NONE
        if moment >= self._next_key:
            scaled.pict_type = PictureType.I
            self._next_key = (moment // SEGMENT_SECONDS + 1) * SEGMENT_SECONDS
        self._out.mux(self._video.encode(scaled))

    def _scaled(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Rotate and scale the frame to the target's size: square pixels, 8 bit 4:2:0."""
        shape = (frame.width, frame.height, frame.format.name, frame.rotation, frame.time_base)
        if self._graph is None or self._graph[0] != shape:
            self._graph = (shape, self._make_graph(frame))
        self._graph[1].push(frame)
        scaled = self._graph[1].pull()
        assert isinstance(scaled, av.VideoFrame)
        return scaled

    def _make_graph(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        chain = [
            graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
            )
        ]
        turns = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}.get(frame.rotation % 360, [])
        chain += [graph.add("transpose", f"dir={turn}") for turn in turns]
        chain.append(graph.add("scale", f"{self._target.width}:{self._target.height}"))
        chain += [graph.add("setsar", "1"), graph.add("format", "yuv420p"), graph.add("buffersink")]
        graph.link_nodes(*chain).configure()
        return graph

    def close(self) -> None:
        """Flush the encoders and write the index."""
        for stream in (self._video, self._audio):
            if stream is not None:
                self._out.mux(stream.encode(None))
        self._out.close()


def _same_colors(source: VideoStream, stream: VideoStream) -> None:
    """Copy the source's colour space. Unspecified, players guess it from the height.

    Then a small rendition would look different from a large one; so the guess is made here once, from the
    source.
    """
    given, made = source.codec_context, stream.codec_context
    guess = BT709 if min(given.width, given.height) >= 720 else BT601
    made.colorspace = guess if given.colorspace in UNSAID else given.colorspace
    made.color_primaries = guess if given.color_primaries in UNSAID else given.color_primaries
    made.color_trc = guess if given.color_trc in UNSAID else given.color_trc
    made.color_range = given.color_range


def open_output(path: Path) -> OutputContainer:
    """Open an MP4 with its index in front, or HLS of fragmented MP4, by the extension of `path`."""
    if path.suffix != ".m3u8":
        return av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
    options = {
        "hls_time": str(SEGMENT_SECONDS),
        "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": f"{path.stem}-init.mp4",
        "hls_segment_filename": str(path.with_name(f"{path.stem}-%04d.m4s")),
        "hls_flags": "independent_segments",
    }
    return av.open(str(path), "w", format="hls", options=options)


def add_picture(
    out: OutputContainer, width: int, height: int, rate: Fraction, ceiling: int, preset: str = "veryfast"
) -> VideoStream:
    """Add an H.264 stream of this size; `ceiling` in kbit/s, `rate` in frames per second."""
    options = {
        "preset": preset,
        "crf": "21",
        "maxrate": f"{ceiling}k",
        "bufsize": f"{ceiling * 2}k",
        "threads": THREADS,
        "forced-idr": "1",
        "sc_threshold": "0",
        "a53cc": "0",  # don't copy closed captions that a camera embedded
        "g": str(max(1, round(rate * SEGMENT_SECONDS * 4))),
    }
    stream = out.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = CLOCK
    return stream


def add_sound(out: OutputContainer) -> AudioStream:
    """Add a stereo AAC stream at 48 kHz and 128 kbit/s."""
    stream = out.add_stream("aac", rate=48_000, layout="stereo")
    stream.bit_rate = 128_000
    return stream
