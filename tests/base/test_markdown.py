"""Rendered Markdown: what authors use works, and nothing they can write runs, styles or asks for anything."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Refused
from domain.base import highlighting
from domain.base.highlighting import LANGUAGES
from domain.base.markdown import MAX_BYTES, render
from tests import effort

MATHML = {
    "math", "menclose", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable",
    "mtd", "mtext", "mtr", "munder", "munderover",
}  # fmt: skip
ALLOWED = MATHML | {
    "a", "abbr", "aside", "b", "bdi", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "input", "ins", "kbd", "label", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp",
    "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "u", "ul", "var", "wbr",
}  # fmt: skip
HARMLESS = {
    "alt", "aria-label", "checked", "class", "colspan", "data-copy", "decoding", "dir", "disabled", "height",
    "href", "hx-ignore", "id", "lang", "loading", "open", "rel", "role", "rowspan", "scope", "src", "start",
    "tabindex", "title", "type", "width",
}  # fmt: skip
LOOKS = {  # of formulas
    "accent", "accentunder", "columnspan", "depth", "display", "displaystyle", "fence", "form", "height",
    "largeop", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation",
    "rowspan", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width", "class",
}  # fmt: skip
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href='x' hx-get='/admin'>x</a>",
    '<div data-hx-post="/account/delete" data-hx-trigger="load"></div>',
    '<button hx-on:click="alert(1)">x</button>',
    "<style>body{display:none}</style>",
    "</div><form action=//evil.example><input name=password>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](javascript:alert(1))",
    '![x](/a "x\\" onerror=\\"alert(1)")',
    '![" onerror="alert(1)](/a)',
    '[x](/a "y\\" onclick=\\"alert(1)")',
    '[x](/a"onmouseover="alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    '```"><script>alert(1)</script>\nx\n```',
    "```html\n<script>alert(1)</script>\n```",
    '``` x" onclick="alert(1)\ny\n```',
    "# <img src=x onerror=alert(1)>",
    '# x" onclick="alert(1)',
    "|a|\n|-|\n|<script>alert(1)</script>|",
    "[^1]\n\n[^1]: <script>alert(1)</script>",
    '[^"onclick="x]\n\n[^"onclick="x]: y',
    "- [ ] <script>alert(1)</script>",
    "<!-- --!> <script>alert(1)</script> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<math><mtext></p><style><img src onerror=alert(1)></style></mtext></math>",
    "[x](https://[)",
    "![x](//[::1)",
]


class _Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    assert html.startswith('<div class="prose" hx-ignore>')
    for tag, attributes in _Elements(html).found:
        assert tag in ALLOWED
        assert set(attributes) <= (LOOKS if tag in MATHML else HARMLESS)
        assert re.match(r"(s-|fn)", attributes.get("id") or "s-")
        for name in ("href", "src"):
            address = attributes.get(name) or "/"
            assert re.match(r"(https?:|mailto:|[^:]*$|[/#])", address), address


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_an_author_writes_runs(attack: str) -> None:
    assert_harmless(render(attack).html)
    assert_harmless(render(f"> {attack}\n\n1. {attack}\n\n**{attack}**").html)


@given(st.text(max_size=200))
@pytest.mark.slow
def test_any_text_renders_harmlessly(text: str) -> None:
    assert_harmless(render(text).html)


@given(
    st.lists(st.sampled_from([*ATTACKS, "\n", "\n\n", " ", "> ", "- ", "`", "```\n", "*", "|", "[", "]("]))
)
@pytest.mark.slow
def test_any_mixture_of_attacks_renders_harmlessly(pieces: list[str]) -> None:
    assert_harmless(render("".join(pieces)).html)


def test_a_table_is_aligned_by_classes_inside_a_frame_that_scrolls() -> None:
    html = render("|a|b|c|\n|:-|:-:|-:|\n|1|2|3|").html
    assert '<th class="center" scope="col">b</th>' in html
    assert '<td class="right">3</td>' in html
    assert '<div class="table-scroll"' in html
    assert "style" not in html


def test_code_is_coloured_named_and_ready_for_a_copy_button() -> None:
    html = render("```py\ndef f(): ...\n```").html
    assert '<div class="code" data-copy=""><span class="code-language">Python</span>' in html
    assert '<span class="k">def</span>' in html
    assert "brainf**k" in render("```brainf**k\n<>\n```").html
    assert "&lt;&gt;" in render("```brainf**k\n<>\n```").html
    assert "code-language" not in render("```\nx\n```").html


def test_a_listing_too_long_to_colour_is_shown_plain() -> None:
    html = render("```python\n" + "x = 1\n" * 4000 + "```").html
    assert "x = 1\nx = 1" in html


def test_headings_begin_at_the_second_level_and_leave_no_gap() -> None:
    prose = render("# One\n### Two\n# One\n## Three `x`\n#")
    assert [(heading.level, heading.anchor) for heading in prose.toc] == [
        (2, "s-one"), (3, "s-two"), (2, "s-one-1"), (3, "s-three-x"), (2, "s-section"),
    ]  # fmt: skip
    assert '<h3 id="s-three-x">Three <code>x</code> <a class="anchor" href="#s-three-x"' in prose.html
    assert [heading.level for heading in render("## One\n### Two").toc] == [2, 3]
    assert [heading.level for heading in render("# One\n## Two", top_level=5).toc] == [5, 6]


def test_links_that_leave_are_marked_and_our_own_are_not() -> None:
    html = render(
        "[a](https://else.example/x) [b](/y) [c](https://here.example/z) [d](#e)", "here.example"
    ).html
    assert '<a href="https://else.example/x" rel="nofollow ugc noopener">a</a>' in html
    assert '<a href="/y">b</a>' in html
    assert '<a href="https://here.example/z">c</a>' in html
    assert '<a href="#e">d</a>' in html


def test_a_picture_of_ours_is_shown_and_a_foreign_one_is_a_link() -> None:
    html = render('![A tree](/media/t/1/tree.png "Oak")').html
    assert '<img src="/media/t/1/tree.png" alt="A tree" title="Oak" loading="lazy" decoding="async">' in html
    for address in ("https://else.example/x.png", "//else.example/x.png"):
        foreign = render(f"![far]({address})").html
        assert "<img" not in foreign
        assert f'href="{address}">far</a>' in foreign


def test_footnotes_lead_there_and_back() -> None:
    html = render("a[^1] and[^1]\n\n[^1]: note").html
    assert '<a href="#fn1" id="fnref1">' in html
    assert '<li id="fn1" class="footnote-item">' in html
    assert 'href="#fnref1:1" aria-label="Back to the text"' in html


def test_task_lists_have_labelled_boxes() -> None:
    html = render("- [ ] open\n- [x] done").html
    assert html.count('<label><input class="task-list-item-checkbox"') == 2
    assert html.count('checked="checked"') == 1


def test_reading_time_counts_text_and_code() -> None:
    prose = render("one two *three*\n\n```\nfour five\n```\n" + "word " * 215)
    assert prose.words == 220
    assert prose.reading_seconds == 60
    assert render("").words == 0


def test_what_is_too_large_is_refused_with_a_sentence() -> None:
    with pytest.raises(Refused, match="At most 200 kB"):
        render("ä" * (MAX_BYTES // 2 + 1))
    with pytest.raises(Refused, match="10,000 lines"):
        render("\n" * 10_001)
    wide = "|" + "a|" * 31 + "\n|" + "-|" * 31 + "\n"
    with pytest.raises(Refused, match="30 columns"):
        render(wide)
    with pytest.raises(Refused, match="30 columns"):
        render("> " + wide.replace("\n", "\n> "))
    assert "<td>" in render("|" + "a|" * 30 + "\n|" + "-|" * 30 + "\n|x|").html


@pytest.mark.parametrize(
    "piece",
    [
        "[", "![", "*a_ ", "- ", "`a``", "[a](", "[^1]", "~~a", "a|", "| x |\n|-|\n", "> > > > ", "_*", "^[",
        "# a\n", "```a\n", "[a]: b\n",
    ],
)  # fmt: skip
@pytest.mark.slow
def test_no_repetition_takes_for_ever(piece: str) -> None:
    text = "\n".join((piece * (MAX_BYTES // effort.times(12, 2) // len(piece))).split("\n")[:9_990])
    started = time.process_time()
    assert_harmless(render(text).html)
    assert time.process_time() - started < effort.times(5, 60)  # what grows with the square takes hours


ENDLESS = ["[![a](", "- [ ] a\n", "![[", "*_*_", "<a@b.c>"][: effort.times(2, 5)]


@pytest.mark.parametrize("piece", ENDLESS)
@pytest.mark.slow
def test_a_text_has_so_much_time_and_stays_plain_when_it_takes_more(piece: str) -> None:
    text = "\n".join((piece * (MAX_BYTES // len(piece))).split("\n")[:9_990])
    started = time.thread_time()
    html = render(text).html
    assert_harmless(html)
    assert time.thread_time() - started < 5  # one second, on a machine that does other things too


def test_a_long_list_of_tasks_has_all_its_boxes() -> None:
    assert render("- [ ] a\n" * 2_000).html.count("task-list-item-checkbox") == 2_000


@pytest.mark.slow
def test_what_takes_too_long_is_shown_as_it_was_typed() -> None:
    html = render("[![a](" * 30_000).html
    assert '<pre class="highlight" tabindex="0"><code>[![a]([![a](' in html


@pytest.mark.parametrize("language", ["console", "java", "c", "html"][: effort.times(2, 4)])
@pytest.mark.slow
def test_no_listing_holds_a_thread(language: str) -> None:
    """Ten fences of hostile code in one text, in the languages with the slowest lexers."""
    fences = [
        f"```{language}\n{piece * (19_000 // len(piece))}\n```\n" for piece in ("[", "a", " ", '"', "${")
    ]
    started = time.monotonic(), time.thread_time()
    html = render("```py\nx = 1\n```\n" + "".join(fences * 2)).html
    assert_harmless(html)
    assert html.count('<pre class="highlight"') == 11
    assert '<span class="mi">1</span>' in html
    assert time.thread_time() - started[1] < 5
    assert time.monotonic() - started[0] < highlighting.PATIENCE + 10


@pytest.mark.slow
def test_what_comes_before_a_slow_listing_is_coloured_and_what_follows_stays_plain() -> None:
    slow = "```console\n" + "a" * 19_000 + "\n```\n"
    html = render(f"```py\nx = 1\n```\n{slow}```py\ny = 2\n```\n").html
    assert '<span class="n">x</span>' in html
    assert "y = 2" in html


def test_texts_that_share_a_process_are_coloured_alike_and_outlive_a_slow_one() -> None:
    quick, slow = "```py\nx = 1\n```\n$$a^2$$\n", "```console\n" + "a" * 19_000 + "\n```\n"
    alone = [render(quick).html, render("`plain`").html]
    assert '<span class="n">x</span>' in alone[0]
    with highlighting.one_process():
        together = [render(text).html for text in (quick, "`plain`", slow, quick)]
    assert together[:2] == alone
    assert together[3] == alone[0]
    assert render(quick).html == alone[0]


def test_every_language_has_its_colours() -> None:
    """Texts with a line in each of six: every lexer is known to the child."""
    named = sorted(set(LANGUAGES) - {"mermaid", "text"})
    found: list[str] = []
    for first in range(0, len(named), 6):
        six = named[first : first + 6]
        listings = [highlighting.Listing("GET /a = 'x' # 1\n", language) for language in six]
        found += highlighting.highlight(listings)[0]
    plain = [language for language, html in zip(named, found, strict=True) if "<span" not in html]
    assert plain == [  # in which it is nothing but words
        "batch", "diff", "erb", "handlebars", "html", "jinja", "latex", "liquid", "markdown", "svelte",
        "twig", "vue",
    ]  # fmt: skip


def test_code_stays_plain_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlighting, "_CHILD", ["/no/such/python"])
    assert "z = 3" in render("```py\nz = 3\n```").html


@pytest.mark.parametrize(
    "text",
    [
        "[a]: http://example.com/" + "b" * 90_000 + "\n\n" + "[a] " * 20_000,
        '[a]: /b "' + "c" * 90_000 + '"\n\n' + "![a] " * 20_000,
    ],
)
@pytest.mark.slow
def test_an_address_that_is_defined_once_does_not_fill_the_memory(text: str) -> None:
    """A page of two gigabytes from a text of 200 kB: it stays plain."""
    html = render(text).html
    assert len(html) < 2 * MAX_BYTES
    assert '<pre class="highlight"' in html


def test_an_address_may_be_named_often() -> None:
    html = render("[a]: https://example.com/" + "b" * 200 + "\n\n" + "[a] " * 2_000).html
    assert html.count("<a ") == 2_000
