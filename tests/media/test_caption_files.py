"""Caption files in code pages are read where there is no doubt, and named."""

import pytest

from domain import Refused
from domain.media.caption_files import decode, read

SUBRIP = "1\n00:00:01,000 --> 00:00:03,000\n{}\n"


@pytest.mark.parametrize(
    ("said", "page", "language", "name"),
    [
        ("Grüße aus Köln, l’été – déjà vu…", "cp1252", "de", "Windows-1252"),
        ("Zażółć gęślą jaźń", "cp1250", "pl", "Windows-1250"),
        ("Добрый день", "cp1251", "ru", "Windows-1251"),
        ("Καλημέρα", "cp1253", "el", "Windows-1253"),
        ("İyi günler, şimdi", "cp1254", "tr-TR", "Windows-1254"),
        ("שלום עולם", "cp1255", "he", "Windows-1255"),
        ("مرحبا", "cp1256", "ar", "Windows-1256"),
        ("こんにちは", "cp932", "ja", "Shift JIS"),
        ("你好，世界", "gb18030", "zh", "GB 18030"),
        ("你好，世界", "big5hkscs", "zh-Hant", "Big5"),
        ("สวัสดี", "cp874", "th", "Windows-874"),
        ("Ünïcode", "utf-16", "", "UTF-16"),
        ("1 łąka", "utf-16-le", "pl", "UTF-16"),
        ("1 łąka", "utf-16-be", "pl", "UTF-16"),
        ("Don´t, señor", "cp1252", "es", "Windows-1252"),
        ("Ünïcode", "utf-8", "de", ""),
        ("Ünïcode", "utf-8-sig", "", ""),
    ],
)
def test_a_file_is_read_in_the_code_page_of_its_language(
    said: str, page: str, language: str, name: str
) -> None:
    assert decode(said.encode(page), language) == (said, name)


@pytest.mark.parametrize(
    ("said", "page", "language"),
    [
        ("Grüße aus Köln", "cp850", "de"),
        ("schön", "cp850", "de"),
        ("Добрый день", "koi8-r", "ru"),
        ("Grüße", "cp1252", ""),
        ("Grüße", "cp1252", "tlh"),
    ],
)
def test_what_is_doubtful_is_refused(said: str, page: str, language: str) -> None:
    with pytest.raises(Refused, match="isn’t UTF-8"):
        decode(said.encode(page), language)


def test_what_was_not_read_as_it_stands_is_told() -> None:
    vtt, notes = read(
        (SUBRIP.format("Grüße") + "\n2\n00:00:05,000 --> 00:00:05,000\nx\n").encode("cp1252"), "de"
    )
    assert vtt == "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nGrüße\n"
    assert notes == ["The file was read as Windows-1252.", "Line 6: the caption ends before it starts."]
