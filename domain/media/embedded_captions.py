"""Captions from subtitles that are embedded in a recording."""

from babel.core import get_global
from sqlalchemy import select

import media
from domain import Refused
from domain.base import webvtt
from domain.base.text import clean
from domain.media import captions
from models import Caption, Course, MediaAsset, db


def take(asset: MediaAsset, tracks: list[media.EmbeddedSubtitles]) -> list[str]:
    """Make captions of the subtitles of `asset`, as far as they are text; returns what the creator must know.

    Captions that the recording has already stay. A track without a language is taken for the course's, and
    one that translates only what is foreign yields to a whole one.
    """
    notes: list[str] = []
    whole_first = sorted(tracks, key=lambda track: track.forced)
    present = set(db.session.scalars(select(Caption.language).where(Caption.asset_id == asset.id)))
    for track in whole_first:
        tag = language_of(track.language)
        spoken = tag or str(db.session.get_one(Course, asset.course_id).language)
        name = captions.NAMES.get(spoken.partition("-")[0], spoken)
        try:
            vtt = webvtt.to_vtt(_cues(track))
        except Refused:
            notes.append(
                f"The video contains subtitles{f' in {name}' if tag else ''} that can’t be used, because they"
                " aren’t text. Add captions as a file."
            )
            continue
        if spoken in present:
            notes.append(
                f"The video contains more subtitles in {name}. They were left out, because it already has"
                " captions in that language."
            )
        elif len(present) < captions.MAX_LANGUAGES:
            present.add(spoken)
            db.session.add(Caption(asset_id=asset.id, language=spoken, label=name, vtt=vtt))
            guessed = "" if tag else " The file doesn’t state their language."
            notes.append(f"Captions in {name} were taken from the video.{guessed} Check them.")
    return notes


def language_of(stated: str) -> str:
    """Translate a language code of three letters (ISO 639-2) into a BCP 47 tag; "" where none is stated.

    >>> [language_of(code) for code in ("ger", "deu", "en-GB", "und")]
    ['de', 'de', 'en-GB', '']
    """
    code = stated.strip()
    if not code or code.lower() in ("und", "mis", "mul", "zxx"):
        return ""
    try:
        return webvtt.check_language(str(get_global("language_aliases").get(code.lower(), code)))
    except Refused:
        return ""


def _cues(track: media.EmbeddedSubtitles) -> list[webvtt.Cue]:
    """Convert the cues to plain text; raises Refused where there are none."""
    cues = []
    for cue in track.cues:
        is_marked = track.markup != ""
        text = webvtt.plain(cue.text, track.markup == "subrip") if is_marked else clean(cue.text).strip()
        if text:
            cues.append(webvtt.Cue(cue.start, cue.end, text))
    if not cues:
        raise Refused("There are no captions in this track.")
    return cues
