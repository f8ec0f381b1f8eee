"""The HTML elements that Markdown may contain: what becomes of each, and of its attributes."""

import re
from html import unescape

# Rendered, as this element.
KEPT = {
    **{name: name for name in (
        "a", "abbr", "b", "bdi", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details",
        "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "hr", "i", "ins", "kbd", "li", "mark", "ol",
        "pre", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "summary", "sup",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var", "wbr",
    )},
    **dict.fromkeys(("article", "aside", "center", "footer", "header", "main", "nav", "p", "section"), "div"),
    "strike": "s", "tt": "code",
}  # fmt: skip
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
VOID = frozenset(
    ("br", "hr", "wbr", "img", "source", "track", "input", "embed", "link", "meta", "base", "col")
)
# Only their content is shown: they say how it looks, or choose between files.
TRANSPARENT = frozenset((
    "address", "big", "body", "col", "colgroup", "data", "font", "head", "hgroup", "html", "nobr", "output",
    "picture", "rb", "rtc", "search", "source", "time", "track", *HEADINGS,
))  # fmt: skip
# Shown as a link to what they would load.
LINKED = frozenset(("audio", "iframe", "video", "embed"))
# Left out with everything inside them.
HIDDEN = frozenset((
    "applet", "base", "button", "canvas", "datalist", "dialog", "frameset", "link", "map", "math", "meta",
    "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg", "template", "textarea",
    "title", "xmp",
))  # fmt: skip
# Left out; what is inside them is shown.
REMOVED = frozenset((
    "area", "bdo", "blink", "fieldset", "form", "frame", "input", "label", "legend", "marquee", "menu",
    "meter", "optgroup", "option", "param", "plaintext", "progress", "slot",
))  # fmt: skip
ELEMENTS = KEPT.keys() | HEADINGS | TRANSPARENT | LINKED | HIDDEN | REMOVED | {"img"}

# What an element closes by beginning, as their closing tags may be left out.
_CELL = ("td", "th")
_ROW = (*_CELL, "tr")
CLOSED_BY = {
    "li": ("li",), "p": ("p",), "dt": ("dt", "dd"), "dd": ("dt", "dd"), "td": _CELL, "th": _CELL, "tr": _ROW,
    **dict.fromkeys(("thead", "tbody", "tfoot"), (*_ROW, "thead", "tbody", "tfoot")),
}  # fmt: skip
MOST_DEEP = 25  # elements inside each other, within one block of Markdown
COLUMNS = frozenset(map(str, range(1, 101)))
DIRECTIONS = frozenset(("ltr", "rtl", "auto"))
SIZE = re.compile(r"\d{1,4}", re.ASCII)
_ATTRIBUTE = re.compile(r"""([a-zA-Z_:][\w:.\-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")


def read_attributes(text: str) -> dict[str, str]:
    """Read the attributes of a tag; of two with one name the first counts."""
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(text):
        quoted = value[1:-1] if value[:1] in ('"', "'") else value
        found.setdefault(name.lower(), unescape(quoted))
    return found


def kept_attributes(name: str, attributes: dict[str, str]) -> dict[str, str]:
    """Keep the attributes of an element that say how to read or to lay out its text."""
    kept: dict[str, str] = {}
    if attributes.get("dir", "").lower() in DIRECTIONS:
        kept["dir"] = attributes["dir"].lower()
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", attributes.get("lang", "")):
        kept["lang"] = attributes["lang"]
    if name in ("abbr", "dfn", "a") and attributes.get("title"):
        kept["title"] = attributes["title"]
    if name == "details" and "open" in attributes:
        kept["open"] = ""
    if name in ("td", "th"):
        kept |= {key: attributes[key] for key in ("colspan", "rowspan") if attributes.get(key) in COLUMNS}
    if name == "ol" and SIZE.fullmatch(attributes.get("start", "")):
        kept["start"] = attributes["start"]
    align = "center" if name == "center" else attributes.get("align", "").lower()
    if align in ("left", "center", "right") and name not in ("table", "col"):
        kept["class"] = align
    return kept
