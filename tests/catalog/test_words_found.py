"""What finds which course: filler words, beginnings, stems, signs, scripts, and what nobody has in full."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from domain.catalog.index import search
from models import Job, SearchDocument, db
from tests.cast import Cast
from tests.catalog.shop import add_course

BACKUPS, FORMS, TOKENS = "Backups you can restore", "Forms that everybody can fill in", "Tokens and themes"
AB, HTTP, NODE, CPP, CSHARP = "Statistics for A/B tests", "HTTP/2 by hand", "Node.js", "C++", "C# on .NET"
REVIEWS, DATABASES, DESIGN = "Code-Reviews, die weiterhelfen", "Datenbankentwurf", "Der gute Entwurf"
STREETS, BLENDER = "Straßen zeichnen", "Modelling in 3D"
JAPANESE, CHINESE, THAI = "はじめての日本語文法", "零基础学习数据库", "การเขียนโปรแกรมเบื้องต้น"
HINDI, KOREAN, RUSSIAN = "हिन्दी में प्रोग्रामिंग", "데이터베이스를 배우기", "Ёлка из проводов"
HEBREW, ARABIC, PERSIAN = "מבוא לתִּכְנוּת", "أساسيّات البرمجة", "برنامه‌نویسی یک"
FRENCH, TURKISH, WIDE = "L’été des données", "Işık ve ırmak", "ＡＢＣ入門"
LANGUAGES = {
    REVIEWS: "de", DATABASES: "de", DESIGN: "de", STREETS: "de-AT", JAPANESE: "ja", CHINESE: "zh", THAI: "th",
    HINDI: "hi", KOREAN: "ko", RUSSIAN: "ru", HEBREW: "he", ARABIC: "ar", PERSIAN: "fa", FRENCH: "fr",
    TURKISH: "tr", WIDE: "ja",
}  # fmt: skip
TECHNOLOGIES = {FORMS: "HTML", TOKENS: "CSS", BACKUPS: "restic", REVIEWS: "Git"}
ALL = (
    BACKUPS, FORMS, TOKENS, AB, HTTP, NODE, CPP, CSHARP, REVIEWS, DATABASES, DESIGN, STREETS, BLENDER,
    JAPANESE, CHINESE, THAI, HINDI, KOREAN, RUSSIAN, HEBREW, ARABIC, PERSIAN, FRENCH, TURKISH, WIDE,
)  # fmt: skip

FOUND = {
    # filler words, stems, beginnings of every word
    "how do I make backups": [BACKUPS],
    "restoring": [BACKUPS],
    "back rest": [BACKUPS],
    "the form": [FORMS],
    "fill in": [FORMS],
    "wie kann ich die straße zeichnen": [STREETS],
    "STRASSE": [STREETS],
    "zeichnet": [STREETS],
    "cours sur la donnée": [FRENCH],
    # a course is found by its language
    "german": [REVIEWS, DATABASES, DESIGN, STREETS],
    "deutsch": [REVIEWS, DATABASES, DESIGN, STREETS],
    "allemand git": [REVIEWS],
    "japanisch": [JAPANESE, WIDE],
    # compounds
    "datenbank": [DATABASES],
    "entwurf": [DESIGN, DATABASES],
    "Entwürfe": [DATABASES, DESIGN],
    "datenbankentwurf": [DATABASES],
    # signs that mean something
    "ab testing": [AB],
    "a/b": [AB],
    "http/2": [HTTP],
    "http2": [HTTP],
    "http": [HTTP],
    "nodejs": [NODE],
    "node.js": [NODE],
    "node js": [NODE],
    "c++": [CPP],
    "Ｃ＋＋": [CPP],
    "c#": [CSHARP],
    "c♯ .net": [CSHARP],
    "3d": [BLENDER],
    # scripts without blanks: anywhere, a single letter too
    "日本語": [JAPANESE, WIDE],
    "文法": [JAPANESE],
    "法": [JAPANESE],
    "はじめ": [JAPANESE],
    "ハジメ": [],
    "数据库": [CHINESE],
    "入門": [WIDE],
    "abc": [WIDE],
    "เขียน": [THAI],
    "โปรแกรม": [THAI],
    # marks belong to the word
    "हिन्दी": [HINDI],
    "प्रोग्राम": [HINDI],
    "ह": [],
    # particles, prefixes, and what is typed in several ways
    "데이터베이스": [KOREAN],
    "데이터베이스는": [KOREAN],
    "елка": [RUSSIAN],
    "провод": [RUSSIAN],
    "תכנות": [HEBREW],
    "התכנות": [HEBREW],
    "برمجة": [ARABIC],
    "والبرمجه": [ARABIC],
    "اساسيات": [ARABIC],
    "برنامه نويسي": [PERSIAN],
    "ete": [FRENCH],
    "l'été": [FRENCH],
    "isik": [TURKISH],
    "IŞIK": [TURKISH],
    "ırmak": [TURKISH],
}  # fmt: skip
IN_PART = {
    "html css": ([FORMS, TOKENS], "No course has both words; these have one of them."),
    "restore backups quickly": ([BACKUPS], "No course has all your words; these have most of them."),
    "knitting painting html": ([FORMS], "No course has all your words; these have some of them."),
    "http/3": ([HTTP], "No course has both words; these have one of them."),
    "データ文法": ([JAPANESE], "No course has all your words; these have some of them."),
}  # fmt: skip


@pytest.fixture
def library(app: Flask, cast: Cast) -> Iterator[Cast]:
    with app.app_context():
        for popularity, title in enumerate(reversed(ALL)):
            language, technology = LANGUAGES.get(title, "en"), TECHNOLOGIES.get(title, "")
            add_course(
                cast, title, slug=f"course-{popularity}", language=language, technology=technology,
                summary="", holder_count=popularity + 10,
            )  # fmt: skip
        yield cast


def test_who_searches_finds(client: FlaskClient, library: Cast) -> None:
    pages = {query: client.get("/courses", query_string={"q": query}).text for query in FOUND}
    assert {query: listed(page) for query, page in pages.items()} == FOUND
    assert not [query for query, page in pages.items() if "No course has" in page]


def test_what_no_course_has_in_full(client: FlaskClient, library: Cast) -> None:
    for query, (expected, sentence) in IN_PART.items():
        page = client.get("/courses", query_string={"q": query}).text
        assert (listed(page), sentence in page) == (expected, True), query
    page = client.get("/courses?q=html+css&sort=newest&language=en").text
    assert set(listed(page)) == {FORMS, TOKENS}
    assert listed(client.get("/courses?q=backups&language=de").text) == [], "only the filter is in the way"


def listed(page: str) -> list[str]:
    """The titles that a page lists."""
    found = re.findall(
        r'course-card-title"[^>]*><a [^>]*>([^<]*)</a>', page.split("Popular with other learners")[0]
    )
    return [unescape(title) for title in found]


def test_documents_of_an_older_version_are_written_anew(
    app: Flask, client: FlaskClient, library: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "OUTDATED", 10)
    db.session.execute(db.update(SearchDocument).values(version="0", title="old", keywords="", body=""))
    db.session.commit()
    app.extensions.pop("lectern_cache_listing", None)
    assert "Nothing found" in client.get("/courses?q=restoring").text
    waiting = db.select(db.func.count()).select_from(Job).where(Job.kind == "reindex_outdated")
    for following in (1, 2, 2, 2):  # 27 documents
        search.reindex_outdated()
        db.session.commit()
        assert db.session.scalar(waiting) == following
    assert set(db.session.scalars(db.select(SearchDocument.version))) == {search.VERSION}
    for query in ("restoring", "datenbank", "german"):
        assert listed(client.get(f"/courses?q={query}").text) == FOUND[query], (
            "the vocabulary is loaded again"
        )


@pytest.mark.parametrize("typed", ["!!!", "?", "— … —", "🎉"])
def test_what_cannot_be_searched_is_said(client: FlaskClient, cast: Cast, typed: str) -> None:
    page = client.get("/courses", query_string={"q": typed, "level": "beginner", "colour": "red"}).text
    assert f"There is no word or number in “{typed}” to search for." in page
    assert listed(page) == ["Flask, first steps"]
    assert page.count('class="chip is-on"') == 1, "the filter that is on, and not the unknown one"


def test_a_search_takes_few_queries(app: Flask, client: FlaskClient, library: Cast) -> None:
    client.get("/courses")
    asked: list[str] = []
    bind = db.session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *about: asked.append(about[2]))
    for query, most in (("how do I make backups of datenbanken", 4), ("knitting painting html", 6)):
        asked.clear()
        client.get("/courses", query_string={"q": query, "sort": "rating"})
        assert len(asked) <= most, asked
