"""Caption files as creators have them: in UTF-8, or in the code page that their language had before it."""

import codecs
import re
import unicodedata

from domain import Refused
from domain.base import webvtt

MOST_BYTES = webvtt.MAX_CHARACTERS * 3
# Which code page programs saved subtitles in, by language; Windows-1252 for the rest of Latin script.
_CODE_PAGES = {
    "cp1250": "pl cs sk hu sl hr bs ro sq",
    "cp1251": "ru uk bg sr mk be",
    "cp1252": "en de fr es it pt nl da nb nn no sv fi is ca eu gl ga af id ms sw",
    "cp1253": "el",
    "cp1254": "tr az",
    "cp1255": "he yi",
    "cp1256": "ar fa ur",
    "cp1257": "lt lv et",
    "cp874": "th",
    "cp932": "ja",
    "cp949": "ko",
    "gb18030": "zh",
    "big5hkscs": "zh-hant zh-tw zh-hk",
}
_OF_LANGUAGE = {language: page for page, languages in _CODE_PAGES.items() for language in languages.split()}
_NAMES = {"cp932": "Shift JIS", "gb18030": "GB 18030", "big5hkscs": "Big5"} | dict.fromkeys(
    ("utf-16", "utf-16-le", "utf-16-be"), "UTF-16"
)
_BETWEEN_LETTERS = re.compile(r"([^\W\d_])([^\x00-\x7f\w\s])[^\W\d_]")
_HYPHENS_AND_APOSTROPHES = "’‘´–—…·\u00ad\u200c\u200d"


def decode(content: bytes, language: str) -> tuple[str, str]:
    """Decode a caption file in `language` (a BCP 47 tag, or ""); returns its text and its encoding's name.

    The name is "" for UTF-8, which needs no mention. Raises Refused for a file that is far too large, or
    where it is doubtful which characters its bytes stand for.
    """
    if len(content) > MOST_BYTES:
        raise Refused("This caption file is too large. Use at most 1 MB.", "file")
    for encoding in [wide] if (wide := _wide(content)) else ["utf-8-sig", *_code_page(language)]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding in ("utf-8-sig", wide) or not _is_doubtful(text):
            return text, "" if encoding == "utf-8-sig" else _name(encoding)
    raise Refused("This file isn’t UTF-8 text. Save it as UTF-8 and upload it again.", "file")


def read(content: bytes, language: str) -> tuple[str, list[str]]:
    """Read a caption file in `language` as far as it can be read.

    Returns WebVTT, and sentences on what was not read as it stands: each cue left out, and another encoding
    than UTF-8. Raises Refused for what is no caption file.
    """
    text, encoding = decode(content, language)
    try:
        cues, notes = webvtt.parse_leniently(text)
    except Refused as refusal:
        raise Refused(refusal.sentence, "file") from refusal
    return webvtt.to_vtt(cues), [f"The file was read as {encoding}."] * bool(encoding) + notes


def _wide(content: bytes) -> str:
    """Find the encoding of two bytes for each character, by its mark or its first one; "" if there is none.

    Caption files begin with ASCII, one of whose two bytes is zero.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = content[:1], content[1:2]
    return "utf-16-le" if second == b"\0" else "utf-16-be" if first == b"\0" else ""


def _code_page(language: str) -> list[str]:
    tag = language.lower()
    found = _OF_LANGUAGE.get("-".join(tag.split("-")[:2])) or _OF_LANGUAGE.get(tag.partition("-")[0])
    return [found] if found else []


def _name(encoding: str) -> str:
    return _NAMES.get(encoding) or f"Windows-{encoding.removeprefix('cp')}"


def _is_doubtful(text: str) -> bool:
    """Tell if text looks decoded by the wrong code page.

    Signs of it are control characters, a sign inside a word (where words are parted by blanks, as in scripts
    that have capitals), and more capitals than small letters beyond ASCII.
    """
    if any(unicodedata.category(one) in ("Cc", "Cn", "Co") for one in text if one not in "\r\n\t"):
        return True
    if any(
        before.lower() != before.upper()
        and one not in _HYPHENS_AND_APOSTROPHES
        and not unicodedata.category(one).startswith("M")
        for before, one in _BETWEEN_LETTERS.findall(text)
    ):
        return True
    letters = [one for one in text if not one.isascii()]
    return sum(one.isupper() for one in letters) > sum(one.islower() for one in letters)
