"""Metadata removal from image files before they are decoded (JPEG, GIF, PNG).

A decoder limits the number of pixels and nothing else. Exif may refer to the same ten megabytes sixty
thousand times, a GIF hold a million comments, a JPEG ask for ten thousand progressive scans: small files that
take all memory, or a thread for hours.
"""

import re
from collections.abc import Callable

MOST_PARTS = 5_000
MOST_PASSES = 40  # scans of a progressive JPEG; encoders write some ten
MOST_NOTES = 500
UPRIGHT = 1
_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_ALONE = {0x01, *range(0xD0, 0xD9)}
_END, _SCAN, _EXIF, _REMARK = 0xD9, 0xDA, 0xE1, 0xFE
_SAYS_COLOURS = {0xE0, 0xEE}  # JFIF and Adobe: the colour space
_PROFILE = 0xE2  # and its ICC profile, in parts of 64 kB
MOST_PROFILE = 2 * 1024 * 1024  # bytes; those of printers are the largest
_PNG = b"\x89PNG\r\n\x1a\n"
_DRAWN = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_COLOURS = {b"iCCP", b"sRGB"}


class NotAPictureError(ValueError):
    """The file has more parts than a picture has, or ends within one."""


def pixels_of(content: bytes) -> tuple[bytes, int]:
    """Strip a JPEG, GIF or PNG to pixels and colours; answers it and the orientation (`held_in`).

    Other files stay as they are. Raises NotAPictureError.
    """
    readers: tuple[tuple[bytes, Callable[[bytes], tuple[bytes, int]]], ...] = (
        (b"\xff\xd8", _jpeg), (b"GIF8", _gif), (_PNG, _png),
    )  # fmt: skip
    for beginning, reader in readers:
        if content.startswith(beginning):
            return reader(content)
    return content, UPRIGHT


def other_kind(content: bytes) -> str:
    """Name a kind of picture that isn't read, by its first bytes; "" for others."""
    if content[4:8] == b"ftyp":
        heic = dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "HEIC")
        return {b"avif": "AVIF", b"avis": "AVIF", **heic}.get(content[8:12], "")
    starts = {b"II*\0": "TIFF", b"MM\0*": "TIFF", b"BM": "BMP", b"\xff\x0a": "JPEG XL", b"8BPS": "Photoshop"}
    return next((name for start, name in starts.items() if content.startswith(start)), "")


def held_in(notes: bytes) -> int:
    """Read the orientation from Exif: from 1, upright, to 8; 1 where there is none."""
    notes = notes.removeprefix(b"Exif\0\0")
    order = {b"II": "little", b"MM": "big"}.get(notes[:2])
    if order is None:
        return UPRIGHT

    def number(at: int, size: int) -> int:
        return int.from_bytes(notes[at : at + size], order)  # type: ignore[arg-type]

    first = number(4, 4)
    for entry in range(min(number(first, 2), MOST_NOTES)):
        at = first + 2 + 12 * entry
        if (number(at, 2), number(at + 2, 2)) == (0x0112, 3):
            return number(at + 8, 2)
    return UPRIGHT


def _jpeg(content: bytes) -> tuple[bytes, int]:
    kept, held, at, profile = [content[:2]], UPRIGHT, 2, 0
    for _ in range(MOST_PARTS):
        found = _MARKER.search(content, at)
        if found is None:
            break
        kind, begin, at = found[1][0], found.end() - 2, found.end()
        if kind == _SCAN:
            return b"".join([*kept, _passes(content[begin:])]), held
        if kind == _END:
            break
        if kind in _ALONE:
            continue
        at += int.from_bytes(content[at : at + 2], "big")
        part = content[begin:at]
        if kind == _EXIF and part[4:10] == b"Exif\0\0" and held == UPRIGHT:
            held = held_in(part[4:])
        if kind == _PROFILE and part[4:16] == b"ICC_PROFILE\0":
            profile += len(part)
            if profile <= MOST_PROFILE:
                kept.append(part)
        elif kind in _SAYS_COLOURS or not (kind >= 0xE0 and (kind <= 0xEF or kind == _REMARK)):
            kept.append(part)
    raise NotAPictureError


def _passes(content: bytes) -> bytes:
    """Cut the scans at the end of the image: phones append films and second pictures."""
    end = content.find(b"\xff\xd9")
    passes = content if end < 0 else content[: end + 2]
    if passes.count(b"\xff\xda") > MOST_PASSES:
        raise NotAPictureError
    return passes


def _gif(content: bytes) -> tuple[bytes, int]:
    def palette(flags: int) -> int:
        return 3 << (flags & 7) + 1 if flags & 0x80 else 0

    try:
        at = 13 + palette(content[10])
        kept, parts = [content[:at]], 0
        while content[at] == 0x21 and parts < MOST_PARTS:
            begin, at, parts = at, at + 2, parts + 1
            while (size := content[at]) and parts < MOST_PARTS:
                at, parts = at + 1 + size, parts + 1
            at += 1
            if content[begin + 1] == 0xF9:  # graphic control: the transparent colour
                kept.append(content[begin:at])
        if content[at] == 0x2C:
            return b"".join([*kept, content[at:]]), UPRIGHT
    except IndexError:
        pass
    raise NotAPictureError


def _png(content: bytes) -> tuple[bytes, int]:
    kept, held, at, seen = [_PNG], UPRIGHT, len(_PNG), set[bytes]()
    for _ in range(MOST_PARTS):
        begin, kind = at, content[at + 4 : at + 8]
        at += 12 + int.from_bytes(content[at : at + 4], "big")
        if kind == b"eXIf":
            held = held_in(content[begin + 8 : at])
        elif kind in _DRAWN or (kind in _COLOURS and at - begin <= MOST_PROFILE and b"IDAT" not in seen):
            kept.append(content[begin:at])
        seen.add(kind)
        if kind == b"IEND" or at >= len(content):
            return b"".join(kept), held
    raise NotAPictureError
