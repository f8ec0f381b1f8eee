"""Caption files: what is right is read, what is wrong is named by its line, and text stays text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Refused
from domain.base.text import paragraphs
from domain.base.webvtt import (
    Cue,
    chapters_vtt,
    check_language,
    parse,
    parse_leniently,
    plain,
    stamp,
    to_vtt,
    without_repeats,
)

VTT = """\ufeffWEBVTT - A film

NOTE written by hand

STYLE
::cue { color: red }

intro
00:00.000 --> 00:02.500 align:start position:10%
<v Ann>Hello, <i>you</i> &amp; all

01:00:03.000 --> 01:00:04.000
two
lines
"""
SRT = """1
00:00:00,000 --> 00:00:02,500
{\\an8}<font color="red">Hello</font>

2
00:00:03,000 --> 00:00:04,000
two
lines
"""


def test_webvtt_is_read_as_plain_text() -> None:
    assert parse(VTT) == [Cue(0, 2.5, "Hello, you & all", "intro"), Cue(3603, 3604, "two\nlines")]
    assert parse(VTT.replace("\n", "\r\n")) == parse(VTT)


def test_subrip_is_read_too() -> None:
    assert parse(SRT) == [Cue(0, 2.5, "Hello"), Cue(3, 4, "two\nlines")]
    assert to_vtt(parse(SRT)).startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nHello\n\n")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "Line 1: a caption file begins with WEBVTT"),
        ("hello", "Line 1: a caption file begins with WEBVTT"),
        ("WEBVTTX\n\n", "Line 1: a caption file begins with WEBVTT"),
        ("WEBVTT", "There are no captions"),
        ("WEBVTT\n00:00.000 --> 00:01.000\nx", "Line 2: an empty line is needed"),
        ("WEBVTT\n\nx\ny\nz", "Line 3: a caption needs its time"),
        ("WEBVTT\n\n00:00. --> 00:01.\nx", "Line 3: this time can’t be read"),
        ("WEBVTT\n\n\n00:05.000 --> 00:01.000\nx", "Line 4: the caption ends before it starts"),
        ("WEBVTT\n\n00:61.000 --> 01:01.000\nx", "Line 3: minutes and seconds go up to 59"),
        ("WEBVTT\n\n00:00.000 --> 00:01.000\nx\n00:01.000 --> 00:02.000\ny", "Line 5: an empty line is"),
        ("WEBVTT\n\n00:09.000 --> 00:10.000\nx\n\n00:01.000 --> 00:02.000\ny", "Line 6: this caption starts"),
        ("WEBVTT\n\n00:00.000 --> 00:01.000\n<i></i>", "There are no captions"),
        ("WEBVTT\n\n" + "x" * 1_000_000, "too large"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(source: str, sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse(source)
    assert sentence in refusal.value.sentence


def test_markup_is_only_text_afterwards() -> None:
    assert plain("<script>alert(1)</script>") == "alert(1)"
    assert plain("&lt;b&gt; &amp;lt;") == "<b> &lt;"
    assert to_vtt([Cue(0, 1, "</c><b>\n\n00:09 --> x", "a --> b\nc")]) == (
        "WEBVTT\n\na b c\n00:00:00.000 --> 00:00:01.000\n&lt;/c&gt;&lt;b&gt;\n00:09 --&gt; x\n"
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("if x < 3 and List<int> y", "if x < 3 and List<int> y"),
        ("<i>MyValue<String></i> & <b>more</b>", "MyValue<String> & more"),
        ('<font color="#fff">Hi</font> {\\an8}there', "Hi there"),
        ("a <br> b &lt; c", "a <br> b &lt; c"),
    ],
)
def test_subrip_has_only_a_few_tags(said: str, kept: str) -> None:
    assert parse(f"1\n00:00:01,000 --> 00:00:03,000\n{said}\n") == [Cue(1, 3, kept)]


def test_times_may_have_no_thousandths() -> None:
    assert parse("1\n00:00:01 --> 00:00:03\nOne.\n") == [Cue(1, 3, "One.")]
    assert parse("WEBVTT\n\n00:01 --> 00:03.5\nOne.\n") == [Cue(1, 3.5, "One.")]


def test_only_an_empty_line_ends_a_cue() -> None:
    one = "00:00:01,000 --> 00:00:03,000\nErster Satz.\n \n"
    assert parse(f"1\n{one}Zweiter Satz.\n\n2\n00:00:04,000 --> 00:00:06,000\nEnde.\n") == [
        Cue(1, 3, "Erster Satz.\nZweiter Satz."), Cue(4, 6, "Ende."),
    ]  # fmt: skip
    assert parse(f"1\n{one}2\n00:00:04,000 --> 00:00:06,000\nEnde.\n") == [
        Cue(1, 3, "Erster Satz."), Cue(4, 6, "Ende."),
    ]  # fmt: skip


def test_ruby_text_stands_apart_from_its_base() -> None:
    assert plain("<ruby>漢<rt>kan</rt>字<rt>ji</ruby>") == "漢(kan)字(ji)"


def test_one_bad_cue_is_left_out_and_named() -> None:
    cues = [Cue(1, 3, "One."), Cue(4, 6, "Three."), Cue(7, 8, "Five.")]
    source = (
        "1\n00:00:01,000 --> 00:00:03,000\nOne.\n\n2\n00:00:03,500 --> 00:00:03,500\nNothing long.\n\n"
        "5\n00:00:07,000 --> 00:00:08,000\nFive.\n\n3\n00:00:04,000 --> 00:00:06,000\nThree.\n"
    )
    assert parse_leniently(source) == (
        cues,
        [
            "Line 6: the caption ends before it starts.",
            "Line 13: this caption starts before the one above it.",
        ],
    )
    with pytest.raises(Refused, match="Line 6: the caption ends"):
        parse(source)
    with pytest.raises(Refused, match="Line 3: a caption needs its time"):
        parse_leniently("WEBVTT\n\nx\n\ny\n\n00:00.000 --> 00:01.000\nx")


ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.320 --> 00:00:02.470 align:start position:0%
{blank}
today<00:00:00.719><c> we</c><00:00:00.960><c> build</c><00:00:01.199><c> a</c><00:01.439><c> kite</c>

00:00:02.470 --> 00:00:02.480 align:start position:0%
today we build a kite
{blank}

00:00:02.480 --> 00:00:05.110 align:start position:0%
today we build a kite
from<00:00:02.800><c> two</c><00:00:03.120><c> sticks</c>
""".replace("{blank}", " ")


def test_what_automatic_captions_repeat_is_said_once_in_a_transcript() -> None:
    cues = parse(ROLLING)
    assert len(cues) == 3
    assert without_repeats(cues) == [
        Cue(0.32, 2.47, "today we build a kite"), Cue(2.48, 5.11, "from two sticks"),
    ]  # fmt: skip
    said_twice = [
        Cue(0, 1, "No."),
        Cue(1, 2, "No."),
        Cue(2, 3, "Look here."),
        Cue(4, 5, "Well."),
        Cue(5, 6, "So."),
    ]
    assert without_repeats(said_twice) == said_twice
    assert without_repeats([]) == []


LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs"))
# Non-characters and bidi overrides are taken out.
SAID = st.text(LETTERS, min_size=1, max_size=40).filter(lambda line: paragraphs(line) == line)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50_000_000), st.integers(1, 100_000), st.lists(SAID, min_size=1, max_size=3)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read_again(entries: list[tuple[int, int, list[str]]]) -> None:
    cues = [
        Cue(start / 1000, (start + length) / 1000, "\n".join(lines))
        for start, length, lines in sorted(entries, key=lambda entry: entry[0])
    ]
    assert parse(to_vtt(cues)) == cues


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for source in (text, "WEBVTT\n\n" + text, "WEBVTT\n\n00:00.000 --> 00:01.000\n" + text):
        try:
            cues = parse(source)
        except Refused as refusal:
            assert refusal.sentence  # noqa: PT017
        else:
            assert all(cue.text and cue.end > cue.start for cue in parse(to_vtt(cues)) or cues)


def test_chapters_follow_each_other_to_the_end() -> None:
    assert chapters_vtt([(0, "One"), (5, "Two & a half")], 12.25) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nOne\n\n00:00:05.000 --> 00:00:12.250\nTwo &amp; a half\n"
    )
    for wrong in ([(5.0, "a"), (1.0, "b")], [(20.0, "a")], [(-1.0, "a")]):
        with pytest.raises(Refused, match="out of order"):
            chapters_vtt(wrong, 10)


@pytest.mark.parametrize(
    ("tag", "spelled"),
    [("en", "en"), ("PT-br", "pt-BR"), ("zh-hANT-tw", "zh-Hant-TW"), ("es-419", "es-419"),
     ("de-1996", "de-1996"), ("sl-rozaj", "sl-rozaj"), ("en-x-us", "en-x-us")],
)  # fmt: skip
def test_a_language_is_spelled_as_usual(tag: str, spelled: str) -> None:
    assert check_language(tag) == spelled


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "e",
        "english",
        "en_US",
        "en-",
        "-en",
        "en--US",
        "12",
        "en US",
        "en\n",
        "x" * 40,
        "de-x-abcdefgh-abc",
    ],
)
def test_what_is_no_language_is_refused(tag: str) -> None:
    with pytest.raises(Refused, match="language code"):
        check_language(tag)


def test_times_are_written_in_hours() -> None:
    assert stamp(0) == "00:00:00.000"
    assert stamp(359_999.9996) == "100:00:00.000"


@pytest.mark.parametrize("number", ["9" * 5_000, "0" * 5_000, "99999999"])
def test_a_number_that_stands_for_no_character_is_none(number: str) -> None:
    found = parse(f"WEBVTT\n\n00:01.000 --> 00:02.000\nbefore &#{number}; &#65; after\n")
    assert [cue.text for cue in found] == ["before \ufffd A after"]
