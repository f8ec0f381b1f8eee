"""The last defence against XSS: only elements, attributes, classes and addresses on these lists are left."""

import nh3

from domain.base.highlighting import PYGMENTS_CLASSES

_MATHML = {
    "math", "menclose", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable",
    "mtd", "mtext", "mtr", "munder", "munderover",
}  # fmt: skip
# No "href", "src", "style", "actiontype" or "id": MathML's attributes that only say how a formula looks.
_MATHML_ATTRIBUTES = {
    "accent", "accentunder", "columnspan", "depth", "display", "displaystyle", "fence", "form", "height",
    "largeop", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation",
    "rowspan", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width",
}  # fmt: skip
TAGS = {
    "a", "abbr", "aside", "b", "bdi", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "input", "ins", "kbd", "label", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp",
    "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "u", "ul", "var", "wbr",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"id", "dir", "lang"},
    "a": {"href", "title", "rel", "aria-label"},
    "abbr": {"title"},
    "aside": {"role", "aria-label"},
    "details": {"open"},
    "dfn": {"title"},
    "div": {"data-copy", "tabindex", "role", "aria-label"},
    "img": {"src", "alt", "title", "loading", "decoding", "width", "height"},
    "input": {"type", "checked", "disabled"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "section": {"aria-label"},
    "td": {"colspan", "rowspan"},
    "th": {"scope", "colspan", "rowspan"},
    **dict.fromkeys(_MATHML, _MATHML_ATTRIBUTES),
}
_ALIGNED = {"left", "center", "right"}
_NOTES = {"note", *(f"note-{kind}" for kind in ("note", "tip", "important", "warning", "caution"))}
CLASSES = {
    "a": {"anchor", "footnote-backref", "foreign-image", "film"},
    "aside": _NOTES,
    "code": {"formula"},
    "details": _NOTES,
    "div": {"code", "table-scroll", "formula", *_ALIGNED},
    "hr": {"footnotes-sep"},
    "input": {"task-list-item-checkbox"},
    "li": {"task-list-item", "footnote-item"},
    "mtd": _ALIGNED,
    "ol": {"footnotes-list"},
    "p": {"note-title", "tab-title"},
    "pre": {"highlight"},
    "section": {"footnotes", "tab"},
    "span": {"code-language", "code-title", "hll", *PYGMENTS_CLASSES},
    "summary": {"note-title"},
    "sup": {"footnote-ref"},
    "td": _ALIGNED,
    "th": _ALIGNED,
    "ul": {"contains-task-list"},
    **dict.fromkeys(("figure", "figcaption", "caption", "tr"), _ALIGNED),
}


def sanitize(html: str) -> str:
    """Remove everything from `html` that isn't on the lists, and the paragraphs that a block tore apart."""
    cleaned: str = nh3.clean(
        html,
        tags=TAGS | _MATHML,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return cleaned.replace("<p></p>", "")
