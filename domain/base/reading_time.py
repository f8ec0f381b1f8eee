"""Reading time of a text. Scripts without blanks between words are counted by their letters."""

import re

WORDS_PER_MINUTE = 220
CHINESE_PER_MINUTE = 450  # characters; Japanese text, which mixes kana with them, is read about as fast
THAI_PER_MINUTE = 1_000  # letters; also Lao, Khmer and Burmese
_CHINESE = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_THAI = re.compile(
    r"[\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46\u0e81-\u0eae\u0ec0-\u0ec4\u1000-\u102a\u1780-\u17b3]"
)


def word_count(text: str) -> int:
    """Count the words of `text`; without blanks between them, by their usual length."""
    return round(_words(text))


def reading_seconds(text: str) -> int:
    """Estimate the time to read `text` at a usual pace."""
    return round(_words(text) * 60 / WORDS_PER_MINUTE)


def _words(text: str) -> float:
    if text.isascii():
        return len(text.split())
    without, chinese = _CHINESE.subn(" ", text)
    without, thai = _THAI.subn("", without)
    # What is left of a Thai word are its marks, which aren't words.
    words = sum(1 for word in without.split() if any(letter.isalnum() or letter.isascii() for letter in word))
    return (
        words
        + chinese * WORDS_PER_MINUTE / CHINESE_PER_MINUTE
        + thai * WORDS_PER_MINUTE / THAI_PER_MINUTE
    )  # fmt: skip
