"""Subtitles embedded in a recording, read from their packets. Runs in the child process only.

Text packets are parsed here, so that no decoder of subtitles need be allowed (`media.probing`).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import av
from av.packet import Packet
from av.stream import Stream

from media.model import EmbeddedSubtitles, SubtitleCue
from media.probing import began, opened

MOST_TRACKS, MOST_CUES, MOST_BYTES = 30, 20_000, 1_000_000
USUAL = 4.0  # seconds that a cue without a duration is shown, unless another follows
_OVERRIDES = re.compile(r"\{[^{}]{0,500}\}")
_DRAWING = re.compile(r"\{[^{}]{0,500}\\p[1-9]")


def embedded_subtitles(path: Path) -> list[EmbeddedSubtitles]:
    """Read the text of every subtitle track; those that can't be read have no cues."""
    with opened(path) as container:
        streams = list(container.streams.subtitles)[:MOST_TRACKS]
        found = {stream.index: _Track(stream) for stream in streams}
        readable = [stream for stream in streams if found[stream.index].read is not None]
        if readable:
            start = float(began(container))
            with suppress(av.FFmpegError):  # whatever came before it is kept
                for packet in container.demux(readable):
                    found[packet.stream.index].take(packet, start)
    return [track.result() for track in found.values()]


class _Track:
    def __init__(self, stream: Stream) -> None:
        context = stream.codec_context
        codec = context.codec.canonical_name if context is not None else ""
        self.read, self._markup = _READERS.get(codec, (None, ""))
        self._language = stream.metadata.get("language", "")
        self._title = stream.metadata.get("title", "")[:100]
        self._forced = bool(stream.disposition & av.stream.Disposition.forced)
        self._cues: list[SubtitleCue] = []
        self._bytes = 0

    def take(self, packet: Packet, start: float) -> None:
        """Add the cue of a packet, if it holds one."""
        if self.read is None or packet.pts is None or not packet.size or packet.time_base is None:
            return
        self._bytes += packet.size
        if self._bytes > MOST_BYTES or len(self._cues) >= MOST_CUES:
            return
        text = self.read(bytes(packet)).strip()
        begin = float(packet.pts * packet.time_base) - start
        length = float((packet.duration or 0) * packet.time_base)
        if text and begin >= 0:
            self._cues.append(SubtitleCue(round(begin, 3), round(begin + length, 3), text))

    def result(self) -> EmbeddedSubtitles:
        """Return the track in order of time."""
        return EmbeddedSubtitles(
            self._language, self._title, self._forced, self._markup, list(_with_ends(self._cues))
        )


def _with_ends(cues: list[SubtitleCue]) -> Iterator[SubtitleCue]:
    """Give cues without a duration an end: when the next one begins, or soon."""
    ordered = sorted(cues)
    for cue, after in zip(ordered, [*ordered[1:], None], strict=True):
        if cue.end > cue.start:
            yield cue
        elif after is None or after.start > cue.start:
            latest = cue.start + USUAL
            yield cue._replace(end=latest if after is None else min(latest, after.start))


def _plain(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _mov_text(content: bytes) -> str:
    """Read 3GPP timed text (TS 26.245): a length of two bytes, the text, then boxes of styles."""
    text = content[2 : 2 + int.from_bytes(content[:2], "big")]
    if text[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return text.decode("utf-16", "replace")
    return _plain(text)


def _ass(content: bytes) -> str:
    """Read a dialogue line as Matroska stores it: eight fields, then the text."""
    fields = _plain(content).split(",", 8)
    if len(fields) < 9 or _DRAWING.search(fields[8]):
        return ""
    text = _OVERRIDES.sub("", fields[8])
    return text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")


def _webvtt(content: bytes) -> str:
    """Read a cue's payload: as it is in Matroska and WebM, in `vttc` boxes in MP4 (ISO 14496-30)."""
    if content[4:8] not in (b"vttc", b"vtte", b"vtta"):
        return _plain(content)
    texts = (_boxes(inner).get(b"payl", b"") for kind, inner in _box_list(content) if kind == b"vttc")
    return "\n".join(_plain(text) for text in texts if text)


def _boxes(content: bytes) -> dict[bytes, bytes]:
    return dict(_box_list(content))


def _box_list(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size = max(8, int.from_bytes(content[at : at + 4], "big"))
        yield content[at + 4 : at + 8], content[at + 8 : at + size]
        at += size


# By FFmpeg's name: how a packet is read, and which markup the text then has.
_READERS: dict[str, tuple[Callable[[bytes], str] | None, str]] = {
    "mov_text": (_mov_text, ""),
    "subrip": (_plain, "subrip"),
    "text": (_plain, ""),
    "webvtt": (_webvtt, "webvtt"),
    "ass": (_ass, ""),
}
