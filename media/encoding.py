"""Encoding of a recording in several sizes in one pass. Runs in the child process only."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream

from media.filtering import (
    SOUND_RATE,
    Colors,
    Deinterlacer,
    PictureFilter,
    SoundFilter,
    audio_layout,
    colors_of,
)
from media.model import MediaError
from media.pacing import CLOCK, PacedFrame, Pacer
from media.probing import CUT_OFF, began, opened, picture, sound

Progress = Callable[[float], None]
SEGMENT_SECONDS = 4
SLACK_SECONDS = 10  # that a recording may last longer than its header says
THREADS = str(min(4, os.cpu_count() or 1))
SEGMENT_TICKS = round(SEGMENT_SECONDS / CLOCK)
LIMITED_RANGE = 1  # of brightness, 16 to 235: what players expect
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
        filters: dict[tuple[int, int], PictureFilter] = {}
        work = _Work(began(container), [_Writer(target, video, audio, filters) for target in targets])
        reached = 0.0
        for frame in container.decode(streams):
            if not isinstance(frame, av.VideoFrame | av.AudioFrame):
                continue
            if frame.pts is None or frame.time_base is None:
                continue
            at = float(frame.pts * frame.time_base - work.began)
            if at > duration + SLACK_SECONDS:
                continue  # or a damaged time stamp would be waited for, with pictures and silence
            reached = max(reached, at)
            work.take(frame)
            progress(min(reached / duration, 1.0))
        work.end()
    if reached < duration * 0.9 - 1:
        raise MediaError(CUT_OFF)


class _Work:
    """Takes decoded frames through the filters that all targets share, and hands them to the writers."""

    def __init__(self, began: Fraction, writers: Sequence["_Writer"]) -> None:
        self.began, self._writers = began, writers
        self._whole, self._pacer = Deinterlacer(), Pacer(began)
        self._sound, self._heard = SoundFilter(began), 0.0

    def take(self, frame: av.VideoFrame | av.AudioFrame) -> None:
        """Encode a piece of picture or sound in every size."""
        if isinstance(frame, av.AudioFrame):
            self._write_sound(self._sound.push(frame))
        else:
            for whole in self._whole.push(frame):
                self._write_pictures(self._pacer.push(whole))

    def end(self) -> None:
        """Encode what the filters held back, and finish the files."""
        self._write_sound(self._sound.end())
        for whole in self._whole.end():
            self._write_pictures(self._pacer.push(whole))
        self._write_pictures(self._pacer.end(self._heard))
        for writer in self._writers:
            writer.close()

    def _write_sound(self, pieces: Iterable[av.AudioFrame]) -> None:
        for piece in pieces:
            if piece.pts is not None and piece.time_base is not None:
                self._heard = float((piece.pts + piece.samples) * piece.time_base)
            for writer in self._writers:
                writer.write_sound(piece)

    def _write_pictures(self, frames: Iterable[PacedFrame]) -> None:
        for paced in frames:
            for writer in self._writers:
                writer.write_picture(paced)


class _Writer:
    """Scales, encodes and muxes one target. Targets of one size share their filter of `filters`."""

    def __init__(
        self,
        target: EncodingTarget,
        video: VideoStream | None,
        audio: AudioStream | None,
        filters: dict[tuple[int, int], PictureFilter],
    ) -> None:
        self._out, self._path = open_output(target.path), target.path
        self._video = self._audio = None
        if video and target.width:
            colors = colors_of(video)
            self._video = self._add_video(target, video, colors)
            size = target.width, target.height
            self._picture = filters.setdefault(size, PictureFilter(*size, colors))
        if audio:
            self._audio = add_sound(self._out, audio_layout(audio))
        self._next_key = self._ends_at = 0
        self._durations: dict[int, int] = {}

    def _add_video(self, target: EncodingTarget, source: VideoStream, colors: Colors) -> VideoStream:
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        ceiling = next((kbits for side, kbits in CEILINGS.items() if target.side <= side), 5000)
        stream = add_picture(self._out, target.width, target.height, min(rate, Fraction(60)), ceiling)
        made = stream.codec_context
        made.colorspace, made.color_primaries, made.color_trc = colors[:3]
        made.color_range = LIMITED_RANGE
        return stream

    def write_sound(self, piece: av.AudioFrame) -> None:
        """Encode a piece of sound."""
        if self._audio is not None:
            self._out.mux(self._audio.encode(piece))

    def write_picture(self, paced: PacedFrame) -> None:
        """Encode a frame; a key frame begins each segment, at the same moments in all sizes."""
        if self._video is None:
            return
        scaled = self._picture.apply(paced.frame)
        scaled.pts, scaled.time_base = paced.at, CLOCK
        scaled.pict_type = PictureType.NONE
        if paced.at >= self._next_key:
            scaled.pict_type = PictureType.I
            self._next_key = (paced.at // SEGMENT_TICKS + 1) * SEGMENT_TICKS
        self._durations[paced.at], self._ends_at = paced.duration, paced.at + paced.duration
        self._mux(self._video.encode(scaled))

    def _mux(self, packets: Iterable[Packet]) -> None:
        """Mux with real durations: the encoder only knows the average, and playlists add them up."""
        for packet in packets:
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, packet.duration or 0)
            self._out.mux(packet)

    def close(self) -> None:
        """Flush the encoders and write the index."""
        if self._video is not None:
            self._mux(self._video.encode(None))
        if self._audio is not None:
            self._out.mux(self._audio.encode(None))
        self._out.close()
        if self._path.suffix == ".m3u8":
            _state_last_length(self._path, float(self._ends_at * CLOCK))


def _state_last_length(playlist: Path, seconds: float) -> None:
    """Correct the length of the last segment, so that all last `seconds`.

    FFmpeg takes its first frame to be shown as long as the recording's first.
    """
    lines = playlist.read_text(encoding="utf-8").splitlines()
    *others, last = (number for number, line in enumerate(lines) if line.startswith("#EXTINF:"))
    before = sum(float(lines[number][8:].rstrip(",")) for number in others)
    lines[last] = f"#EXTINF:{max(seconds - before, 0.001):.6f},"
    playlist.write_text("\n".join(lines) + "\n", encoding="utf-8")


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
    if out.format.name == "hls":
        options["bf"] = "0"  # frames that are reordered come late, for players of HLS ignore edit lists
    stream = out.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = CLOCK
    return stream


def add_sound(out: OutputContainer, layout: str) -> AudioStream:
    """Add an AAC stream at 48 kHz: mono at 96 kbit/s or stereo at 128."""
    stream = out.add_stream("aac", rate=SOUND_RATE, layout=layout)
    stream.bit_rate = 96_000 if layout == "mono" else 128_000
    return stream
