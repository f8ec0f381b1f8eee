"""Container detection by magic bytes; name and declared type prove nothing."""

from pathlib import Path

from media.model import MediaError

ACCEPTED = "Upload MP4, MOV, WebM, MKV, MP3, M4A, WAV, Ogg or FLAC."
_STARTS = [
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
]
_OTHERS = [
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"FLV", "a Flash video, which isn’t supported"),
    (b"0&\xb2u", "a Windows Media file, which isn’t supported"),
    (b"\x00\x00\x01\xba", "an MPEG programme stream, which isn’t supported"),
]
_PICTURE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}


def sniff(path: Path) -> str:
    """Detect the demuxer for `path`: `mov` (also MP4, M4A), `matroska` (also WebM), `mp3`, `aac`, `wav`,
    `ogg` or `flac`.

    Raises `MediaError` for an empty file and for anything else.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise MediaError("This file is empty.")
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[4:8] == b"ftyp":
        if head[8:12] in _PICTURE_BRANDS:
            raise MediaError(f"This is an image, not a recording. {ACCEPTED}")
        return "mov"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"  # QuickTime before 2001 had no ftyp box
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    return _stream_of_frames(head)


def _stream_of_frames(head: bytes) -> str:
    """Detect MP3 and AAC without a container by their sync word. Raises MediaError for anything else."""
    if len(head) > 3 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "aac"
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[2] & 0xF0 != 0xF0:
            return "mp3"
    for start, what in _OTHERS:
        if head.startswith(start):
            raise MediaError(f"This is {what}, not a recording. {ACCEPTED}")
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        raise MediaError(f"This is a text file, not a recording. {ACCEPTED}")
    raise MediaError(f"This recording can’t be played here. {ACCEPTED}")
