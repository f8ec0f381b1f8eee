"""Detection of links in plain text: what a mail program would make clickable."""

import re
import unicodedata

from domain.base import text

# A scheme, "www.", or letters around a dot. "Alles Gute.Dein Opa" has a capital after its dot; only
# well-known endings count when written like that.
_LINK = re.compile(
    r"://|\bwww\.|\bmailto:|[\w-]\.(?:[a-z]{2,}|[A-Z]{2,}"
    r"|App|Biz|Click|Com|Dev|Eu|Info|Io|Link|Me|Net|Online|Org|Ru|Shop|Site|Top|Tv|Xyz)(?!\w)"
)
_DOTS = str.maketrans("。．｡․", "....")


def has_link(words: str) -> bool:
    """Tell whether a mail program would turn some of `words` into a link.

    >>> [has_link(words) for words in ("See evil.com", "See ｅｖｉｌ。com", "Alles Gute.Dein Opa, z.B. 3.50")]
    [True, True, False]
    """
    plain = unicodedata.normalize("NFKC", text.visible(words).translate(_DOTS)).translate(_DOTS)
    return _LINK.search(plain) is not None
