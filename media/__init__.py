"""The only code that touches PyAV: what a recording is, and its poster, MP4 and HLS renditions.

Everything here runs the decoder in a process of its own (`media.child`), so that a file made to crash,
hang or eat memory ends that process and becomes a `MediaError`. PyAV is the optional extra `video`;
`available()` says whether it is there.
"""

from media.child import faststart_mp4, hls, poster, probe, process
from media.facts import (
    HEIGHTS,
    Limits,
    MediaError,
    Probe,
    Processed,
    Produced,
    Rendition,
    available,
    content_type,
)
from media.sniffing import sniff

__all__ = [
    "HEIGHTS",
    "Limits",
    "MediaError",
    "Probe",
    "Processed",
    "Produced",
    "Rendition",
    "available",
    "content_type",
    "faststart_mp4",
    "hls",
    "poster",
    "probe",
    "process",
    "sniff",
]
