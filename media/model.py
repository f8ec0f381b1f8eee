"""Plain values about recordings, without PyAV: limits, probes, results, errors."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, TypedDict

HEIGHTS = (1080, 720, 480, 360)
CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4a": "audio/mp4",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "vtt": "text/vtt",
}


class MediaError(Exception):
    """An unusable recording; the message is a sentence for the person who uploaded it."""


@dataclass(frozen=True)
class Limits:
    """Limits on the size of a recording and on the cost of processing it.

    `stall_seconds` is how long processing may make no progress; `total_seconds` bounds it altogether and is
    raised to 30 times the recording's own length where that is more.
    """

    max_bytes: int = 8 * 1024**3
    max_seconds: float = 6 * 3600
    max_side: int = 4096
    memory_bytes: int = 3 * 1024**3
    stall_seconds: float = 120
    total_seconds: float = 1800


@dataclass(frozen=True)
class Probe:
    """The properties of a recording. `width` and `height` as shown, in square pixels; None for audio."""

    kind: Literal["video", "audio"]
    format: str
    duration: float
    width: int | None = None
    height: int | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    interlaced: bool = False


class Rendition(TypedDict):
    """An HLS playlist: `height` names the quality (the shorter side), `bandwidth` is its peak in bit/s.

    A TypedDict, because it is stored as JSON with the recording.
    """

    height: int
    file: str
    bandwidth: int


class SubtitleCue(NamedTuple):
    """A subtitle shown from `start` to `end` seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class EmbeddedSubtitles:
    """A subtitle track of a recording: `language` as the file states it (ISO 639-2), often "und" or "".

    `markup` of the cues is that of "subrip", of "webvtt", or "" for plain text. A track that isn't text has
    no cues. `forced` ones translate only what is foreign.
    """

    language: str
    title: str
    forced: bool
    markup: str
    cues: list[SubtitleCue]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "EmbeddedSubtitles":
        """Rebuild it from plain values."""
        return cls(**{**values, "cues": [SubtitleCue(*cue) for cue in values["cues"]]})


@dataclass(frozen=True)
class Produced:
    """An output file, named relative to the output folder."""

    name: str
    size: int
    content_type: str


@dataclass(frozen=True)
class Processed(Probe):
    """The result of processing: the properties of the recording, and the names of its output files.

    `mp4` is `video.mp4` or, for audio, `audio.m4a`; `playlist` and `poster` are None where none was made.
    `files` is in the order to upload it: playlists after what they name.
    """

    mp4: str = ""
    playlist: str | None = None
    poster: str | None = None
    renditions: list[Rendition] = field(default_factory=list)
    files: list[Produced] = field(default_factory=list)
    subtitles: list[EmbeddedSubtitles] = field(default_factory=list)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Processed":
        """Rebuild it from the plain values that came out of the child process."""
        files = [Produced(**one) for one in values["files"]]
        subtitles = [EmbeddedSubtitles.from_json(one) for one in values["subtitles"]]
        return cls(**{**values, "files": files, "subtitles": subtitles})


def available() -> bool:
    """Tell if recordings can be processed: the extra `video` (PyAV) is installed."""
    return find_spec("av") is not None


def content_type(name: str) -> str:
    """Return the content type of an output file, by its name.

    >>> content_type("720p.m3u8")
    'application/vnd.apple.mpegurl'
    """
    return CONTENT_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
