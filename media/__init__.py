"""Processing of recordings, the only importer of PyAV: probing, posters, MP4 and HLS renditions.

The decoder always runs in a child process with resource limits (`media.subprocesses`), so that a file made to
crash, hang or exhaust memory ends that process and becomes a `MediaError`. PyAV is the optional extra
`video`; `available()` tells whether it is installed.
"""

from media.model import (
    HEIGHTS,
    EmbeddedSubtitles,
    Limits,
    MediaError,
    Probe,
    Processed,
    Produced,
    Rendition,
    SubtitleCue,
    available,
    content_type,
)
from media.sniffing import sniff
from media.subprocesses import faststart_mp4, hls, poster, probe, process

__all__ = [
    "HEIGHTS",
    "EmbeddedSubtitles",
    "Limits",
    "MediaError",
    "Probe",
    "Processed",
    "Produced",
    "Rendition",
    "SubtitleCue",
    "available",
    "content_type",
    "faststart_mp4",
    "hls",
    "poster",
    "probe",
    "process",
    "sniff",
]
