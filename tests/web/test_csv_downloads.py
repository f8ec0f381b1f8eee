"""The one writer of CSV: what people typed is never a formula."""

import csv
import io
import re
import unicodedata
from pathlib import Path

import pytest

from web import csv_downloads

SIGNS = tuple("=+-@＝＋－＠﹦﹢﹫﹣⁼⁺₌₊﬩")
UNSEEN = ("\t", "\r", "\n", " =", "\u3000＝", "\u00a0@", "\r\n+", "\u200b=", "\ufeff+", "\u00ad-", "\u200f @")
ROOT = Path(__file__).resolve().parents[2]


def cells(*values: object) -> list[str]:
    blocks = b"".join(csv_downloads._lines(["a"] * len(values), [values])).decode()
    return list(csv.reader(io.StringIO(blocks.removeprefix(csv_downloads.BYTE_ORDER_MARK))))[1]


@pytest.mark.parametrize("sign", [*SIGNS, *UNSEEN])
def test_a_cell_that_begins_like_a_formula_is_text(sign: str) -> None:
    assert cells(f"{sign}cmd|'/C calc'!A0") == [f"'{sign}cmd|'/C calc'!A0"]


def test_numbers_and_words_are_as_they_are() -> None:
    assert cells("-1.50", -3, "a=b", "", None, "Ａ＝", " a") == ["-1.50", "-3", "a=b", "", "", "Ａ＝", " a"]


def test_a_heading_is_a_cell_too() -> None:
    assert b"'=x" in b"".join(csv_downloads._lines(["=x"], []))


def test_nobody_else_writes_csv() -> None:
    """A file that makes its own lines would forget what this one knows."""
    own = [p for p in ROOT.rglob("*.py") if not {".venv", "tests", "bench"} & set(p.relative_to(ROOT).parts)]
    writers = [p.name for p in own if re.search(r"csv\.(writer|DictWriter)|text/csv", p.read_text())]
    assert writers == ["csv_downloads.py"]


def test_whatever_folds_into_a_sign_is_one() -> None:
    folding = {
        sign for sign in map(chr, range(0x11_0000)) if unicodedata.normalize("NFKC", sign) in SIGNS[:4]
    }
    assert folding == set(SIGNS) == set(csv_downloads._SIGNS)


@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹢")
def test_what_other_programs_take_for_a_cell_of_its_own_is_no_formula_either(sign: str) -> None:
    """Excel parts cells by semicolons wherever a comma stands in numbers, also within quotes."""
    assert cells(f"Ada;{sign}1", f"Ada; {sign}1", f"a\t{sign}1") == [
        f"Ada;'{sign}1", f"Ada; '{sign}1", f"a\t'{sign}1",
    ]  # fmt: skip
    unseen = "\u00a0", "\u200b", " \u2009\u00ad", "\t", ""
    assert cells(*(f"Ada;{more}{sign}1" for more in unseen)) == [f"Ada;{more}'{sign}1" for more in unseen]
    assert cells("a; b", "5 - 3; c") == ["a; b", "5 - 3; c"]
