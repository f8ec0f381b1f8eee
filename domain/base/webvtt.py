"""WebVTT for captions, transcripts and chapters: parsing (SubRip too) and writing.

After W3C WebVTT, section 4 (syntax) and 6.4 (cue text). Times are in seconds.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from domain import Refused
from domain.base.text import clean

MAX_CHARACTERS = 1_000_000
MAX_CUES = 20_000
LONGEST_LANGUAGE = 16  # characters of a language code, as captions and courses keep it
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:[ \t]+(.*))?$")
_MARKUP = re.compile(r"</?[^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}")
_RUBY = re.compile(r"<rt(?:\.[^<>\n]{0,100})?>([^<>\n]{0,200})(?:</rt>)?")
# SubRip is plain text but for these, so that List<int> stays.
_SUBRIP_MARKUP = re.compile(
    r"</?(?:[bius]|font(?:\s[^<>\n]{0,200})?)\s?>|\{\\[^{}\n]{0,200}\}", re.IGNORECASE
)
ADJOINING = 0.05  # seconds between two captions that follow each other without a pause
# Character references beyond Unicode: Python refuses to parse far longer ones as numbers.
_NO_CHARACTER = re.compile(r"&#[0-9]{8,};?")
# RFC 5646, section 2.1, without grandfathered tags: language, script, region, variants, private use.
_LANGUAGE = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?(-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(-x(-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cue:
    """A cue: `text` (plain, with line breaks) shown from `start` to `end` seconds; `id` is often empty."""

    start: float
    end: float
    text: str
    id: str = ""


def parse(source: str) -> list[Cue]:
    """Parse a WebVTT or SubRip text into cues, in order of time.

    Styles, positions and markup are dropped. Raises `Refused` with the first line that is wrong: no timing,
    an end before its start, a start before the one above, an empty text.
    """
    cues, problems = parse_leniently(source)
    if problems:
        raise Refused(problems[0])
    return cues


def parse_leniently(source: str) -> tuple[list[Cue], list[str]]:
    """Parse as `parse` does, but skip each cue that is wrong; returns the cues and what is wrong, by line.

    A cue that starts before the one above is put where it belongs. Raises `Refused` for what is no caption
    file: where nothing, or less than half of it, can be read.
    """
    if len(source) > MAX_CHARACTERS:
        raise Refused("This caption file is too large. Use at most 1 MB.")
    text = clean(source).removeprefix("\ufeff")
    lines = text.split("\n")
    subrip = not re.match(r"WEBVTT(?:[ \t]|$)", lines[0])
    if subrip and not any(_TIMING.match(line) for line in lines[:10]):
        raise Refused("Line 1: a caption file begins with WEBVTT, or is a SubRip file with timed blocks.")
    cues: list[Cue] = []
    problems: list[str] = []
    for first, block in _blocks(lines, 0 if subrip else _after_header(lines)):
        try:
            cue = _cue(first, block, subrip)
        except Refused as refusal:
            problems.append(refusal.sentence)
            continue
        if cue is None:
            continue
        if cues and cue.start < cues[-1].start:
            problems.append(f"Line {first}: this caption starts before the one above it.")
        cues.append(cue)
    if len(problems) > len(cues):
        raise Refused(problems[0])
    if not cues:
        raise Refused("There are no captions in this file.")
    if len(cues) > MAX_CUES:
        raise Refused(f"This file has more than {MAX_CUES:,} captions.")
    return sorted(cues, key=lambda cue: cue.start), problems


def without_repeats(cues: list[Cue]) -> list[Cue]:
    """Leave out what automatic captions repeat, as for a transcript.

    They roll: each cue begins with the lines of the one before. Where less than half of the cues do, all
    stay as they are, for people say things twice.
    """
    rolling = [
        (before, cue)
        for before, cue in pairwise(cues)
        if cue.start - before.end <= ADJOINING and cue.text.split("\n")[0] in before.text.split("\n")
    ]
    if 2 * len(rolling) < len(cues):
        return cues
    kept = cues[:1]
    for before, cue in pairwise(cues):
        shown = before.text.split("\n") if cue.start - before.end <= ADJOINING else []
        new = [line for line in cue.text.split("\n") if line not in shown]
        if new:
            kept.append(replace(cue, text="\n".join(new)))
    return kept


def _after_header(lines: list[str]) -> int:
    """Find the index after the header, at the first empty line."""
    for index, line in enumerate(lines):
        if not line.strip():
            return index
        if "-->" in line:
            raise Refused(f"Line {index + 1}: an empty line is needed between WEBVTT and the first caption.")
    return len(lines)


def _blocks(lines: list[str], start: int) -> Iterable[tuple[int, list[str]]]:
    """Split into blocks at empty lines, each with its first line number, counted from 1.

    A line of blanks is part of a cue's text (WebVTT, section 6.1), unless another cue follows it.
    """
    block: list[str] = []
    for index in range(start, len(lines) + 1):
        line = lines[index] if index < len(lines) else ""
        if line.strip() or (line and any("-->" in one for one in block) and not _begins(lines, index + 1)):
            block.append(line)
        elif block:
            yield index + 1 - len(block), block
            block = []


def _begins(lines: list[str], at: int) -> bool:
    """Tell if a cue begins here, with its time or with a name above it."""
    return any(_TIMING.match(line) for line in lines[at : at + 2])


def _cue(first: int, block: list[str], subrip: bool) -> Cue | None:
    """Parse a block; None for a comment, style or region, and for a cue without text."""
    if not subrip and re.match(r"(NOTE|STYLE|REGION)(\s|$)", block[0]):
        return None
    at = next((index for index, line in enumerate(block[:2]) if "-->" in line), None)
    if at is None:
        raise Refused(f"Line {first}: a caption needs its time, like 00:01.000 --> 00:04.000.")
    start, end = _timing(first + at, block[at])
    for offset, line in enumerate(block[at + 1 :]):
        if "-->" in line:
            raise Refused(f"Line {first + at + 1 + offset}: an empty line is missing above this time.")
    text = plain("\n".join(block[at + 1 :]), subrip)
    name = block[0].strip() if at and not subrip else ""
    return Cue(start, end, text, name) if text else None


def _timing(number: int, line: str) -> tuple[float, float]:
    found = _TIMING.match(line)
    if not found:
        raise Refused(f"Line {number}: this time can’t be read; it looks like 00:01.000 --> 00:04.000.")
    start, end = _seconds(number, found.groups()[:4]), _seconds(number, found.groups()[4:8])
    if end <= start:
        raise Refused(f"Line {number}: the caption ends before it starts.")
    return start, end


def _seconds(number: int, parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (int(part or 0) for part in parts)
    if minutes > 59 or seconds > 59:
        raise Refused(f"Line {number}: minutes and seconds go up to 59.")
    thousandths = int((parts[3] or "0").ljust(3, "0")) if fraction else 0
    return (hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + thousandths) / 1000


def plain(cue_text: str, subrip: bool = False) -> str:
    """Strip tags (`<v Ann>`, `<i>`, `{\\an8}`) and resolve entities such as `&lt;`.

    Ruby text follows its base in parentheses. SubRip has neither entities nor other tags than a few.
    """
    if subrip:
        resolved = _SUBRIP_MARKUP.sub("", cue_text)
    else:
        marked = _RUBY.sub(r"(\1)", cue_text)
        resolved = html.unescape(_NO_CHARACTER.sub("\ufffd", _MARKUP.sub("", marked)))
    kept = (line.strip() for line in clean(resolved).split("\n"))
    return "\n".join(line for line in kept if line)


def to_vtt(cues: Iterable[Cue]) -> str:
    """Write a WebVTT file; escapes cue text so that it can't open a tag or end its cue."""
    return "WEBVTT\n" + "".join(_block(cue) for cue in cues)


def _block(cue: Cue) -> str:
    lines = (line.strip() for line in re.split(r"[\r\n\u2028\u2029]+", clean(cue.text)))
    body = "\n".join(_escaped(line) for line in lines if line)
    name = re.sub(r"\s+", " ", cue.id.replace("-->", "")).strip()
    return f"\n{name + chr(10) if name else ''}{stamp(cue.start)} --> {stamp(cue.end)}\n{body}\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stamp(seconds: float) -> str:
    """Format seconds as a WebVTT timestamp.

    >>> stamp(3725.5)
    '01:02:05.500'
    """
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def chapters_vtt(chapters: Iterable[tuple[float, str]], duration: float) -> str:
    """Write a chapters track: each lasts until the next, the last until `duration` seconds.

    `chapters` are (start, title). Raises `Refused` when they are out of order or begin after the end.
    """
    listed = list(chapters)
    ends = [start for start, _ in listed[1:]] + [duration]
    for (start, title), end in zip(listed, ends, strict=True):
        if not 0 <= start < end:
            raise Refused(f"Chapter “{title}” at {stamp(max(start, 0))} is out of order or after the end.")
    return to_vtt(Cue(start, end, title) for (start, title), end in zip(listed, ends, strict=True))


def check_language(tag: str) -> str:
    """Normalise the case of a BCP 47 tag (`pt-BR`, `zh-Hant`); raises `Refused` for an invalid one.

    >>> check_language("PT-br")
    'pt-BR'
    """
    if len(tag) > LONGEST_LANGUAGE or not _LANGUAGE.fullmatch(tag):
        raise Refused(f"“{tag[:40]}” isn’t a language code. Use one like en, de or pt-BR.", "language")
    first, *rest = tag.lower().split("-")
    spelled = [first]
    for index, part in enumerate(rest):
        private = "x" in rest[: index + 1]
        if len(part) == 2 and not private:
            part = part.upper()
        elif len(part) == 4 and part.isalpha() and not private:
            part = part.title()
        spelled.append(part)
    return "-".join(spelled)
