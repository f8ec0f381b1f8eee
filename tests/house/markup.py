"""A page as a browser reads it, with what is wrong in it: ids that stand twice, tags left open."""

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urldefrag

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
REFERENCES = ("for", "list", "form", "aria-labelledby", "aria-describedby", "aria-controls")
# What may stand only in certain elements, what may hold only certain ones, and what ends a paragraph.
PARENTS = {
    "li": {"ul", "ol", "menu"},
    "dt": {"dl", "div"},
    "dd": {"dl", "div"},
    "tr": {"table", "thead", "tbody", "tfoot"},
    "td": {"tr"},
    "th": {"tr"},
    "option": {"select", "datalist", "optgroup"},
    "summary": {"details"},
    "legend": {"fieldset"},
    "figcaption": {"figure"},
    "caption": {"table"},
}
CHILDREN = {
    "ul": {"li", "script", "template"},
    "ol": {"li", "script", "template"},
    "dl": {"div", "dt", "dd"},
    "tr": {"td", "th"},
    "tbody": {"tr"},
    "thead": {"tr"},
}
BLOCKS = set(
    "address article aside blockquote details dialog div dl fieldset figure footer form h1 h2 h3 h4 header hr"  # noqa: SIM905
    " main nav ol p pre section table ul".split()
)
LEADS = ("href", "src", "hx-get", "poster")


def fits(tag: str, parent: str) -> bool:
    """Tell whether an element may stand directly in another."""
    if parent == "template":
        return True
    if tag in BLOCKS and parent == "p":
        return False
    return parent in PARENTS.get(tag, {parent}) and tag in CHILDREN.get(parent, {tag})


class Page(HTMLParser):
    """Reads a page once.

    `faults`: what a browser would silently repair, each with its line. `tags`, `ids`, `links`, `lang`,
    `title` and `unsafe_forms` are of what is shown: a <template> or a drawing is no part of the page.
    `places` tells in what each id stands, `roots` the elements that stand in nothing, with their ids.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.unsafe_forms: list[str] = []
        self.lang = self.title = ""
        self.places: dict[str, str] = {}
        self.roots: list[tuple[str, str]] = []
        self._every_id: Counter[str] = Counter()
        self._references: list[tuple[str, str]] = []
        self._open: list[str] = []
        self._level = 0
        self._form: str | None = None
        self.feed(page)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]
        self.faults += [
            f"the id {name} stands {count} times" for name, count in self._every_id.items() if count > 1
        ]
        self.faults += [
            f"{name}={value} names nothing" for name, value in self._references if not self._every_id[value]
        ]

    def lacks(self) -> list[str]:
        """Say what a whole page has, once, and this one has not."""
        wrong = [
            f"{self.tags[tag]} <{tag}>" for tag in ("h1", "main", "title", "html") if self.tags[tag] != 1
        ]
        wrong += [f"id {name} {count} times" for name, count in self.ids.items() if count > 1]
        wrong += [f"a form without a token to {action}" for action in self.unsafe_forms]
        if not self.title.strip():
            wrong.append("no title")
        if self.lang != "en":
            wrong.append("no language")
        inner = {urldefrag(link)[1] for link in self.links if link.startswith("#") and len(link) > 1}
        return wrong + [f"a link to #{name}, which isn't there" for name in inner - set(self.ids)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            level = int(tag[1])
            if 0 < self._level < level - 1:
                self._fault(f"<{tag}> follows h{self._level}")
            self._level = level

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that may be closed at once."""
        values = {name: value or "" for name, value in attrs}
        parent = self._open[-1] if self._open else ""
        parent = "" if parent == "hx-partial" else parent  # what is in it lands elsewhere
        if parent and not fits(tag, parent) and "svg" not in self._open:
            self._fault(f"<{tag}> stands in <{parent}>")
        if not parent:
            self.roots.append((tag, values.get("id", "")))
        elif "id" in values:
            self.places[values["id"]] = parent
        if len(values) < len(attrs):
            for name, count in Counter(name for name, _ in attrs).items():
                if count > 1:
                    self._fault(f"<{tag}> has {name} {count} times")
        if "id" in values:
            self._every_id[values["id"]] += 1
        for name in REFERENCES:
            self._references += [(name, part) for part in values.get(name, "").split()]
        if (target := values.get("hx-target", "")).startswith("#"):
            self._references.append(("hx-target", target[1:]))
        if "template" not in self._open and "svg" not in self._open:
            self._note_shown(tag, values)

    def _note_shown(self, tag: str, values: dict[str, str]) -> None:
        self.tags[tag] += 1
        if tag == "html":
            self.lang = values.get("lang", "")
        if "id" in values:
            self.ids[values["id"]] += 1
        self.links += [values[name] for name in LEADS if values.get(name)]
        if tag == "form":
            posts = values.get("method", "get").lower() == "post"
            self._form = values.get("action", "here") if posts else None
            if not posts and values.get("action"):
                self.links.append(values["action"])
        elif tag == "input" and values.get("name") == "csrf_token" and values.get("value"):
            self._form = None

    def handle_endtag(self, tag: str) -> None:
        """Note a form that posts and closes without a token: anyone could have sent it."""
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self._fault(f"</{tag}> closes <{self._open[-1] if self._open else ''}>")
            if tag in self._open:
                del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]
        if tag == "form" and self._form is not None:
            self.unsafe_forms.append(self._form)
            self._form = None

    def handle_data(self, data: str) -> None:
        """Note the title's text."""
        if self._open and self._open[-1] == "title" and "svg" not in self._open:
            self.title += data

    def _fault(self, text: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {text}")
