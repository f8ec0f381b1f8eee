"""Languages of texts: which way they are written."""

from functools import cache

# Languages written from right to left in their usual script, and the scripts (ISO 15924) that are.
_LANGUAGES = {
    "apc", "ar", "arc", "ary", "arz", "azb", "bal", "bgn", "bqi", "brh", "ckb", "dv", "fa", "glk", "he", "iw",
    "ji", "khw", "ks", "lki", "lrc", "mzn", "nqo", "pnb", "prs", "ps", "rhg", "sd", "sdh", "skr", "syr",
    "trw", "ug", "ur", "yi",
}  # fmt: skip
_SCRIPTS = {"adlm", "arab", "aran", "hebr", "mand", "mend", "nkoo", "rohg", "samr", "syrc", "thaa"}


@cache
def direction(tag: str) -> str:
    """Tell which way a language is written: "rtl" or "ltr"; `tag` is a BCP 47 tag, perhaps with a script.

    >>> [direction(tag) for tag in ("en", "ar-EG", "fa", "az-Arab", "ar-Latn", "")]
    ['ltr', 'rtl', 'rtl', 'rtl', 'ltr', 'ltr']
    """
    language, *rest = tag.lower().replace("_", "-").split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    is_rtl = script in _SCRIPTS if script else language in _LANGUAGES
    return "rtl" if is_rtl else "ltr"
