"""Hints for the author of a text, beside its preview: things that aren't shown, images that are missing."""

import re
import uuid
from collections.abc import Iterator

from sqlalchemy import select

from domain.base.markdown import RenderedMarkdown, described
from models import Picture, db

MOST_NAMED = 5
_PICTURE = re.compile(r"/pictures/([0-9a-fA-F-]{36})\Z")
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:|/")


def hints(made: RenderedMarkdown) -> list[str]:
    """Write the sentences for the author of a rendered text; none when everything of it is shown."""
    said: list[str] = []
    left_out = dict(made.dropped)
    formulas = left_out.pop("formula", 0)
    if left_out:
        said.append(f"Not shown to learners: {described(left_out)}.")
    if formulas:
        what = "A formula" if formulas == 1 else f"{formulas} formulas"
        said.append(f"{what} can’t be read as LaTeX and {'is' if formulas == 1 else 'are'} shown as code.")
    missing = list(dict.fromkeys(missing_pictures(made.pictures)))
    if missing:
        names = ", ".join(name[:100] for name in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        what = "An image isn’t" if len(missing) == 1 else f"{len(missing)} images aren’t"
        it = "it" if len(missing) == 1 else "them"
        said.append(f"{what} on this site: {names}{more}. Add {it} with the image button.")
    return said


def missing_pictures(sources: tuple[str, ...]) -> Iterator[str]:
    """Yield the sources that lead to no image of this site: relative paths, and images that aren't stored."""
    named = {source: found[1] for source in sources if (found := _PICTURE.search(source))}
    ids = {uuid.UUID(hex=id_.replace("-", "")): source for source, id_ in named.items() if _is_uuid(id_)}
    known = set(db.session.scalars(select(Picture.id).where(Picture.id.in_(ids)))) if ids else set()
    there = {source for id_, source in ids.items() if id_ in known}
    for source in sources:
        if (source in named and source not in there) or not _ELSEWHERE.match(source):
            yield source


def _is_uuid(written: str) -> bool:
    return len(written.replace("-", "")) == 32
