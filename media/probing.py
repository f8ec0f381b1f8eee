"""Opening and probing of a recording. Runs in the child process only: it decodes untrusted uploads."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from media.model import Limits, MediaError, Probe
from media.sniffing import sniff

VIDEO_CODECS = {
    "h264": "H.264", "hevc": "H.265", "vp8": "VP8", "vp9": "VP9", "av1": "AV1", "mpeg4": "MPEG-4",
    "prores": "ProRes", "mjpeg": "Motion JPEG",
}  # fmt: skip
AUDIO_CODECS = {
    "aac", "ac3", "alac", "eac3", "flac", "mp3", "opus", "pcm_f32le", "pcm_s16be", "pcm_s16le", "pcm_s24le",
    "pcm_s32le", "pcm_u8", "vorbis",
}  # fmt: skip
# The only decoders FFmpeg may open, even while it probes streams: a smaller attack surface.
_DECODERS = ",".join([*VIDEO_CODECS, *sorted(AUDIO_CODECS), "libdav1d", "mp3float", "libopus", "libvorbis"])
PROBED_FRAMES = 4
CUT_OFF = "This file is incomplete: the recording breaks off. Export or upload it again."


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open the recording with the one demuxer that its first bytes call for, and from files only."""
    format_name = sniff(path)
    options = {"protocol_whitelist": "file", "codec_whitelist": _DECODERS}
    try:
        container = av.open(str(path), format=format_name, container_options=options)
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(CUT_OFF if format_name == "mov" else damaged(error)) from error
    with contextlib.closing(container):
        yield container


def picture(container: InputContainer) -> VideoStream | None:
    """Find the video stream; the cover image of a music file isn't one."""
    moving = [stream for stream in container.streams.video if not stream.disposition & _COVER]
    return moving[0] if moving else None


def sound(container: InputContainer) -> AudioStream | None:
    """Find the first audio stream."""
    return container.streams.audio[0] if container.streams.audio else None


def began(container: InputContainer) -> Fraction:
    """Return the time stamp, in seconds, that the recording begins with: broadcasts don't count from 0."""
    return Fraction(max(container.start_time or 0, 0), av.time_base)


_COVER = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails


def judge(path: Path, limits: Limits) -> Probe:
    """Probe the recording at `path`; MediaError when it can't be played."""
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise MediaError(f"This file is larger than {limits.max_bytes / 1024**3:.3g} GB.")
    with opened(path) as container:
        video, audio = picture(container), sound(container)
        if video is None and audio is None:
            raise MediaError("This file has no video or audio.")
        _check_codecs(video, audio)
        duration = _duration(container, video or audio)
        _check_duration(duration, limits)
        try:
            width, height, interlaced = _shown(container, video, limits) if video else (None, None, False)
            if not video and audio and next(container.decode(audio), None) is None:
                raise MediaError(CUT_OFF)
            _check_end(container, [stream for stream in (video, audio) if stream], duration)
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(damaged(error)) from error
        return Probe(
            kind="video" if video else "audio",
            format=container.format.name.split(",")[0],
            duration=round(duration, 3),
            width=width,
            height=height,
            video_codec=video.codec_context.codec.canonical_name if video else None,
            audio_codec=audio.codec_context.codec.canonical_name if audio else None,
            interlaced=interlaced,
        )


def _check_codecs(video: VideoStream | None, audio: AudioStream | None) -> None:
    for stream, known in ((video, VIDEO_CODECS), (audio, AUDIO_CODECS)):
        if stream is None:
            continue
        context = stream.codec_context
        name = context.codec.canonical_name if context is not None else "an unknown codec"
        if name not in known:
            what = "picture" if stream is video else "sound"
            raise MediaError(f"The {what} is stored as {name}, which isn’t supported. Use H.264 with AAC.")


def _duration(container: InputContainer, stream: VideoStream | AudioStream | None) -> float:
    """Return seconds from the header, or from the last packet: browser recordings have no header."""
    if container.duration and container.duration > 0:
        return container.duration / av.time_base
    end = 0.0
    with contextlib.suppress(av.FFmpegError):
        for packet in container.demux(stream):
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    with contextlib.suppress(av.FFmpegError):
        container.seek(0)
    return end


def _check_duration(duration: float, limits: Limits) -> None:
    if duration <= 0.1:
        raise MediaError("This recording has no length. Export or upload it again.")
    if duration > limits.max_seconds:
        raise MediaError(
            f"This recording lasts {duration / 3600:.1f} hours. The limit is {limits.max_seconds / 3600:g}."
        )


def _shown(container: InputContainer, video: VideoStream, limits: Limits) -> tuple[int, int, bool]:
    """Return width and height on screen, and if it's interlaced, from the first frames that decode."""
    width, height = video.codec_context.width, video.codec_context.height
    if min(width, height) < 16 or max(width, height) > limits.max_side:
        raise MediaError(
            f"The video is {width} × {height}. Each side must be 16 to {limits.max_side} pixels."
        )
    frames = list(islice(container.decode(video), PROBED_FRAMES))
    if not frames:
        raise MediaError(CUT_OFF)
    width, height = _square(width, height, video.sample_aspect_ratio)
    if max(width, height) > 8 * min(width, height):
        raise MediaError(f"The video is {width} × {height}, which is too narrow to show.")
    if frames[0].rotation % 180:
        width, height = height, width
    return width, height, any(frame.interlaced_frame for frame in frames)


def _square(width: int, height: int, ratio: Fraction | None) -> tuple[int, int]:
    """Compute the size in square pixels; `ratio` is a pixel's width to its height. No side shrinks."""
    if not ratio or ratio <= 0:
        return width, height
    return (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))


def _check_end(
    container: InputContainer, streams: Sequence[VideoStream | AudioStream], duration: float
) -> None:
    """Check that the last tenth can be read: a truncated file often has an intact beginning.

    It may hold sound alone: recorders of screens write a picture only when something changes.
    """
    if duration < 2:
        return
    try:
        container.seek(int(duration * 0.9 * av.time_base))
    except av.FFmpegError:
        return  # not seekable, as a browser's recording; remuxing or encoding will notice a truncated one
    for packet in container.demux(streams):
        if packet.pts is not None and float(packet.pts * packet.time_base) >= duration * 0.9 - 1:
            return
    raise MediaError(CUT_OFF)


def damaged(error: Exception) -> str:
    """Explain an error of FFmpeg in a sentence for the uploader."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"This file is damaged and can’t be processed ({reason})."
